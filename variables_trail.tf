# The log bucket, and how the function hears of what arrives in it.

variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the S3 bucket to which CloudTrail delivers log files."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.cloudtrail_logs_s3_bucket_name))
    error_message = "cloudtrail_logs_s3_bucket_name must be the name of a bucket, not its ARN or address: \"${var.cloudtrail_logs_s3_bucket_name}\"."
  }
}

variable "cloudtrail_logs_s3_bucket_account_id" {
  description = "Account that owns the log bucket; null: this account. For another account, see the cross_account_bucket example."
  type        = string
  default     = null

  validation {
    condition     = var.cloudtrail_logs_s3_bucket_account_id == null ? true : can(regex("^[0-9]{12}$", var.cloudtrail_logs_s3_bucket_account_id))
    error_message = "cloudtrail_logs_s3_bucket_account_id must have 12 digits (as text, for leading zeros count), not \"${coalesce(var.cloudtrail_logs_s3_bucket_account_id, "-")}\"."
  }
}

variable "cloudtrail_logs_kms_key_id" {
  description = "Alias, ID or ARN of the KMS key that encrypts the log files; the function may decrypt with it. Empty: none."
  type        = string
  default     = ""
}

variable "s3_notification_filter_prefix" {
  description = "Prefix of the log files' keys. Control Tower's begin with the organisation's ID: \"o-…/AWSLogs/\"."
  type        = string
  default     = "AWSLogs/"
  nullable    = false

  validation {
    condition     = !startswith(var.s3_notification_filter_prefix, "/") && !can(regex("[*?]", var.s3_notification_filter_prefix))
    error_message = "s3_notification_filter_prefix is what keys begin with: no leading slash and no wildcards. Write \"${trimprefix(replace(var.s3_notification_filter_prefix, "/[*?].*/", ""), "/")}\" instead of \"${var.s3_notification_filter_prefix}\"."
  }
}

variable "s3_removed_object_notification" {
  description = "Report log files that are removed from the bucket."
  type        = bool
  default     = true
  nullable    = false
}

variable "create_bucket_notification" {
  description = "Manage the bucket's notification configuration. A bucket has only one: if something else manages it, set false and merge the output `bucket_notification_configuration`."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_eventbridge_notificaitons" {
  description = "Keep EventBridge enabled in the bucket's notification configuration. The misspelling is the public name; `enable_eventbridge_notifications` does the same."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_eventbridge_notifications" {
  description = "Keep EventBridge enabled in the bucket's notification configuration."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_eventbridge_trigger" {
  description = "Receive log file notifications from the bucket through EventBridge, instead of directly."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_s3_sns_fanout" {
  description = "Receive log file notifications through an SNS topic between bucket and function, so that others can subscribe too."
  type        = bool
  default     = false
  nullable    = false
}

variable "create_s3_sns_fanout_topic" {
  description = "Create the fan-out topic; false: use `s3_sns_fanout_topic_arn`."
  type        = bool
  default     = true
  nullable    = false
}

variable "s3_sns_fanout_topic_arn" {
  description = "ARN of the fan-out topic to use when `create_s3_sns_fanout_topic` is false. Its policy must let the bucket publish."
  type        = string
  default     = null

  validation {
    condition     = var.s3_sns_fanout_topic_arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.s3_sns_fanout_topic_arn))
    error_message = "s3_sns_fanout_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME), not \"${coalesce(var.s3_sns_fanout_topic_arn, "-")}\"."
  }
}

variable "s3_sns_fanout_topic_name" {
  description = "Name of the fan-out topic that is created. With a `function_name` of your own, the default means `<function_name>-s3-notifications`; see `derive_names`."
  type        = string
  default     = "cloudtrail-s3-notifications"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,256}$", var.s3_sns_fanout_topic_name))
    error_message = "s3_sns_fanout_topic_name must have 1 to 256 letters, digits, hyphens and underscores, not \"${var.s3_sns_fanout_topic_name}\"."
  }
}

variable "enable_cloudtrail_sns_topic" {
  description = "Receive log file notifications from the trail's own SNS topic, `cloudtrail_sns_topic_arn`."
  type        = bool
  default     = false
  nullable    = false
}

variable "cloudtrail_sns_topic_arn" {
  description = "ARN of the topic that CloudTrail notifies of its deliveries."
  type        = string
  default     = null

  validation {
    condition     = var.cloudtrail_sns_topic_arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.cloudtrail_sns_topic_arn))
    error_message = "cloudtrail_sns_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME), not \"${coalesce(var.cloudtrail_sns_topic_arn, "-")}\"."
  }
}

variable "enable_sqs_queue" {
  description = "Put an SQS queue in front of the function, whatever notifies it: recommended for busy organisations."
  type        = bool
  default     = false
  nullable    = false
}

variable "sqs_batch_size" {
  description = "How many messages of the queue one invocation receives."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.sqs_batch_size >= 1 && var.sqs_batch_size <= 10 && floor(var.sqs_batch_size) == var.sqs_batch_size
    error_message = "sqs_batch_size must be a whole number from 1 to 10, not ${var.sqs_batch_size}."
  }
}

variable "sqs_max_receive_count" {
  description = "How often a message of the queue is processed before it goes to the dead-letter queue."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.sqs_max_receive_count >= 1 && var.sqs_max_receive_count <= 1000
    error_message = "sqs_max_receive_count must be from 1 to 1000, not ${var.sqs_max_receive_count}."
  }
}

variable "sqs_maximum_concurrency" {
  description = "How many invocations the queue may start at the same time, 2 to 1000; null: as many as Lambda can."
  type        = number
  default     = null

  validation {
    condition     = var.sqs_maximum_concurrency == null ? true : var.sqs_maximum_concurrency >= 2 && var.sqs_maximum_concurrency <= 1000
    error_message = "sqs_maximum_concurrency must be from 2 to 1000, or null for no limit."
  }
}
