# ---------------------------------------------------------------------------
# The log bucket, and how its log files reach the function
# ---------------------------------------------------------------------------

variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the S3 bucket to which CloudTrail delivers log files."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.cloudtrail_logs_s3_bucket_name)) || (can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.cloudtrail_logs_s3_bucket_name)) && !strcontains(var.cloudtrail_logs_s3_bucket_name, ".."))
    error_message = "cloudtrail_logs_s3_bucket_name must be the name of a bucket, not its ARN or address: \"${var.cloudtrail_logs_s3_bucket_name}\"."
  }
}

variable "cloudtrail_logs_s3_bucket_account_id" {
  description = "Account that owns the log bucket; null: this account. For another account, see the cross_account_bucket example."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.cloudtrail_logs_s3_bucket_account_id)) || (var.cloudtrail_logs_s3_bucket_account_id == null ? true : can(regex("^[0-9]{12}$", var.cloudtrail_logs_s3_bucket_account_id)))
    error_message = "cloudtrail_logs_s3_bucket_account_id must have 12 digits (as text, for leading zeros count), not ${jsonencode(var.cloudtrail_logs_s3_bucket_account_id)}."
  }
}

variable "cloudtrail_logs_kms_key_id" {
  description = "Alias, ID or ARN of the KMS key that encrypts the log files; the function may decrypt with it. Empty: none."
  type        = string
  default     = ""

  validation {
    condition = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.cloudtrail_logs_kms_key_id)) || (coalesce(var.cloudtrail_logs_kms_key_id, " ") == " " ? true : (
      can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[a-zA-Z0-9/_-]+$", var.cloudtrail_logs_kms_key_id)) ||
      can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?[a-zA-Z0-9-]+$", var.cloudtrail_logs_kms_key_id))
    ))
    error_message = "cloudtrail_logs_kms_key_id must be the alias (alias/NAME), the ID or the ARN of a KMS key, not ${jsonencode(var.cloudtrail_logs_kms_key_id)}."
  }
}

variable "s3_notification_filter_prefix" {
  description = "Prefix of the log files' keys. Control Tower's begin with the organization's ID: \"o-…/AWSLogs/\"."
  type        = string
  default     = "AWSLogs/"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.s3_notification_filter_prefix)) || (can(regex("^([^*?[:space:][:cntrl:]]([^*?[:cntrl:]]*[^*?[:space:][:cntrl:]])?)?$", var.s3_notification_filter_prefix)) && !can(regex("^/|^s3:|AWSLogs//", var.s3_notification_filter_prefix)))
    error_message = "s3_notification_filter_prefix is what keys begin with, without the bucket: no leading slash, no empty folder after AWSLogs, no wildcards and no spaces around it. Write ${jsonencode(trimprefix(replace(replace(replace(trimspace(var.s3_notification_filter_prefix), "/^s3://[^/]*/", ""), "/[*?].*/", ""), "/AWSLogs/+/", "AWSLogs/"), "/"))} instead of ${jsonencode(var.s3_notification_filter_prefix)}."
  }
}

variable "s3_removed_object_notification" {
  description = "Report log files that are removed from the bucket."
  type        = bool
  default     = true
  nullable    = false
}

variable "create_bucket_notification" {
  description = "Manage the bucket's notification configuration, of which a bucket has only one: EXISTING NOTIFICATIONS ARE REPLACED. If the bucket has notifications, set false and merge the output `bucket_notification_configuration` into them; see docs/deployment.md."
  type        = bool
  default     = true
  nullable    = false
}

variable "check_log_bucket" {
  description = "With `create_bucket_notification`, ask S3 at plan whether the log bucket exists and is in this region, and warn if not. It takes Python, and no permission."
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
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.s3_sns_fanout_topic_arn)) || (var.s3_sns_fanout_topic_arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.s3_sns_fanout_topic_arn)))
    error_message = "s3_sns_fanout_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME), not ${jsonencode(var.s3_sns_fanout_topic_arn)}."
  }

  validation {
    # Source: Amazon S3 User Guide, "Supported event destinations".
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.s3_sns_fanout_topic_arn)) || (var.s3_sns_fanout_topic_arn == null ? true : !endswith(var.s3_sns_fanout_topic_arn, ".fifo"))
    error_message = "s3_sns_fanout_topic_arn must be a standard topic, not a FIFO one: ${jsonencode(var.s3_sns_fanout_topic_arn)}."
  }
}

variable "s3_sns_fanout_topic_name" {
  description = "Name of the fan-out topic that is created. With a `function_name` of your own, the default means `<function_name>-s3-notifications`; see `derive_names`."
  type        = string
  default     = "cloudtrail-s3-notifications"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.s3_sns_fanout_topic_name)) || (can(regex("^[A-Za-z0-9_-]{1,256}$", var.s3_sns_fanout_topic_name)))
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
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.cloudtrail_sns_topic_arn)) || (var.cloudtrail_sns_topic_arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.cloudtrail_sns_topic_arn)))
    error_message = "cloudtrail_sns_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME), not ${jsonencode(var.cloudtrail_sns_topic_arn)}."
  }

  validation {
    # Source: AWS CloudTrail User Guide, "Configuring Amazon SNS notifications for CloudTrail".
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.cloudtrail_sns_topic_arn)) || (var.cloudtrail_sns_topic_arn == null ? true : !endswith(var.cloudtrail_sns_topic_arn, ".fifo"))
    error_message = "cloudtrail_sns_topic_arn must be a standard topic, not a FIFO one: ${jsonencode(var.cloudtrail_sns_topic_arn)}."
  }
}

variable "enable_sqs_queue" {
  description = "Put an SQS queue in front of the function, whatever notifies it: recommended for busy organizations."
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
    condition     = var.sqs_max_receive_count >= 1 && var.sqs_max_receive_count <= 1000 && floor(var.sqs_max_receive_count) == var.sqs_max_receive_count
    error_message = "sqs_max_receive_count must be a whole number from 1 to 1000, not ${var.sqs_max_receive_count}."
  }
}

variable "sqs_maximum_concurrency" {
  description = "How many invocations the queue may start at the same time, 2 to 1000; null: as many as Lambda can."
  type        = number
  default     = null

  validation {
    condition     = var.sqs_maximum_concurrency == null ? true : var.sqs_maximum_concurrency >= 2 && var.sqs_maximum_concurrency <= 1000 && floor(var.sqs_maximum_concurrency) == var.sqs_maximum_concurrency
    error_message = "sqs_maximum_concurrency must be a whole number from 2 to 1000, or null for no limit."
  }
}

# ---------------------------------------------------------------------------
# Events within seconds, through EventBridge
# ---------------------------------------------------------------------------

variable "enable_realtime" {
  description = "Receive events from EventBridge within seconds, in addition to the log files; no alert is delivered twice. It needs the state table."
  type        = bool
  default     = false
  nullable    = false
}

variable "realtime_event_patterns" {
  description = "Event patterns of the events that EventBridge delivers, each as JSON; null: derived from the conditions of the rules."
  type        = list(string)
  default     = null

  validation {
    condition     = length(coalesce(var.realtime_event_patterns, ["-"])) > 0
    error_message = "realtime_event_patterns is empty, so nothing would come: give a pattern, or null for what the rules can match, or leave enable_realtime out."
  }

  validation {
    condition     = alltrue([for pattern in coalesce(var.realtime_event_patterns, []) : can(keys(jsondecode(pattern)))])
    error_message = "realtime_event_patterns: each must be a JSON object; wrong: ${join(", ", [for i, pattern in coalesce(var.realtime_event_patterns, []) : "[${i}]" if !can(keys(jsondecode(pattern)))])}."
  }

  # Without a source it would bring whatever anybody puts on the bus.
  validation {
    condition     = alltrue([for pattern in coalesce(var.realtime_event_patterns, []) : can(jsondecode(pattern).source[0])])
    error_message = "realtime_event_patterns: each must list its sources, as in {\"source\": [\"aws.iam\"]}; missing in: ${join(", ", [for i, pattern in coalesce(var.realtime_event_patterns, []) : "[${i}]" if !can(jsondecode(pattern).source[0])])}."
  }

  # Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
  validation {
    condition     = alltrue([for pattern in coalesce(var.realtime_event_patterns, []) : try(length(pattern), 0) <= 2048])
    error_message = "realtime_event_patterns: EventBridge takes 2048 characters a pattern; longer: ${join(", ", [for i, pattern in coalesce(var.realtime_event_patterns, []) : "[${i}] with ${length(pattern)}" if try(length(pattern), 0) > 2048])}."
  }

  validation {
    condition     = !anytrue([for pattern in coalesce(var.realtime_event_patterns, []) : can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(pattern)))])
    error_message = "realtime_event_patterns: there is a Slack token or webhook in ${join(", ", [for i, pattern in coalesce(var.realtime_event_patterns, []) : "[${i}]" if can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(pattern)))])}, which plans and config.json would show: take it out."
  }
}

# ---------------------------------------------------------------------------
# Slack: a bot or webhooks, by account. Give the secrets themselves or, better, references to them.
# ---------------------------------------------------------------------------

variable "slack_bot_token" {
  description = "Token of the Slack bot; with it the bot is used, and webhooks are not. It ends up in Terraform's state: prefer a reference."
  type        = string
  default     = null
  sensitive   = true
}

variable "slack_bot_token_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the bot's token."
  type        = string
  default     = null

  validation {
    condition = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_bot_token_ssm_parameter)) || (var.slack_bot_token_ssm_parameter == null ? true : (
      can(regex("^((arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]+)$", var.slack_bot_token_ssm_parameter))
    ))
    error_message = "slack_bot_token_ssm_parameter must be the name (/slack/token; a name with slashes begins with one) or the ARN of an SSM parameter; it must not be the token itself. For a secret of Secrets Manager there is slack_bot_token_secret_arn."
  }
}

variable "slack_bot_token_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds the bot's token, as plain text."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_bot_token_secret_arn)) || (var.slack_bot_token_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}$", var.slack_bot_token_secret_arn)))
    error_message = "slack_bot_token_secret_arn must be the whole ARN of a secret, with the six characters at its end (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the token itself."
  }
}

variable "default_slack_channel_id" {
  description = "Channel for accounts that no route names; required with the bot."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.default_slack_channel_id)) || (var.default_slack_channel_id == null ? true : can(regex("^([CDGUW][A-Z0-9]+)?$", trimspace(var.default_slack_channel_id))))
    error_message = "default_slack_channel_id must be the ID of a channel (such as C0123456789, at the end of the channel's details in Slack), not its name."
  }
}

variable "slack_app_configuration" {
  description = "Channels by account, for the bot. The first route that names an account applies; one with `min_severity` takes only alerts of at least that severity, goes before the others, and may name `*`, all accounts. Critical alerts notify the user group `mention`."
  type = list(object({
    accounts         = list(string)
    slack_channel_id = string
    min_severity     = optional(string)
    mention          = optional(string)
  }))
  default = null

  validation {
    condition = alltrue([
      for route in coalesce(var.slack_app_configuration, []) :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])
    ])
    error_message = "slack_app_configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for i, route in coalesce(var.slack_app_configuration, []) : "[${i}].accounts = ${replace(jsonencode(route.accounts), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.slack_app_configuration, []) : can(regex("^[CDGUW][A-Z0-9]+$", route.slack_channel_id))])
    error_message = "slack_app_configuration: every route must have a slack_channel_id, the ID of a channel (such as C0123456789) and not its name; wrong: ${join(", ", [for i, route in coalesce(var.slack_app_configuration, []) : "[${i}] ${replace(jsonencode(route.slack_channel_id), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^[CDGUW][A-Z0-9]+$", route.slack_channel_id))])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.slack_app_configuration, []) : route.min_severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])
    error_message = "slack_app_configuration: min_severity must be info, low, medium, high or critical; wrong: ${join(", ", [for i, route in coalesce(var.slack_app_configuration, []) : "[${i}].min_severity = ${replace(jsonencode(route.min_severity), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.min_severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.slack_app_configuration, []) : route.mention == null || can(regex("^S[A-Z0-9]{3,30}$", route.mention))])
    error_message = "slack_app_configuration: mention must be the ID of a Slack user group (such as S0123456789, in the group's details in Slack), not its name; wrong: ${join(", ", [for i, route in coalesce(var.slack_app_configuration, []) : "[${i}].mention = ${replace(jsonencode(route.mention), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.mention != null && !can(regex("^S[A-Z0-9]{3,30}$", route.mention))])}."
  }
}

variable "default_slack_hook_url" {
  description = "Webhook for accounts that no route names. It ends up in Terraform's state: prefer a reference."
  type        = string
  default     = null
  sensitive   = true
}

variable "default_slack_hook_url_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the webhook for accounts that no route names."
  type        = string
  default     = null

  validation {
    condition = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.default_slack_hook_url_ssm_parameter)) || (var.default_slack_hook_url_ssm_parameter == null ? true : (
      can(regex("^((arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]+)$", var.default_slack_hook_url_ssm_parameter))
    ))
    error_message = "default_slack_hook_url_ssm_parameter must be the name (/slack/webhook; a name with slashes begins with one) or the ARN of an SSM parameter; it must not be the address itself. For a secret of Secrets Manager there is default_slack_hook_url_secret_arn."
  }
}

variable "default_slack_hook_url_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds that webhook, as plain text."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.default_slack_hook_url_secret_arn)) || (var.default_slack_hook_url_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}$", var.default_slack_hook_url_secret_arn)))
    error_message = "default_slack_hook_url_secret_arn must be the whole ARN of a secret, with the six characters at its end (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the address itself."
  }
}

variable "configuration" {
  description = "Webhooks by account. The URLs end up in Terraform's state: prefer `slack_webhook_configuration`, which has the same options."
  type = list(object({
    accounts       = list(string)
    slack_hook_url = string
    min_severity   = optional(string)
    mention        = optional(string)
  }))
  default   = null
  sensitive = true

  # The list is sensitive: a message names positions and accounts, never an address.
  validation {
    condition = alltrue([
      for route in coalesce(var.configuration, []) :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])
    ])
    error_message = "configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", nonsensitive(sensitive([for i, route in coalesce(var.configuration, []) : "[${i}].accounts = ${replace(jsonencode(route.accounts), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])])))}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.configuration, []) : (can(regex("^https?://[!-~]+$", route.slack_hook_url)) && (!can(regex("(?i)^https?://([a-z0-9-]+[.])*slack(-gov)?[.]com(:|/|$)", route.slack_hook_url)) || can(regex("^https://hooks[.]slack(-gov)?[.]com/services/", route.slack_hook_url))))])
    error_message = "configuration: every slack_hook_url must be the address of an incoming webhook (https://hooks.slack.com/services/…); wrong in: ${join(", ", nonsensitive(sensitive([for i, route in coalesce(var.configuration, []) : "[${i}]" if !(can(regex("^https?://[!-~]+$", route.slack_hook_url)) && (!can(regex("(?i)^https?://([a-z0-9-]+[.])*slack(-gov)?[.]com(:|/|$)", route.slack_hook_url)) || can(regex("^https://hooks[.]slack(-gov)?[.]com/services/", route.slack_hook_url))))])))}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.configuration, []) : route.min_severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])
    error_message = "configuration: min_severity must be info, low, medium, high or critical; wrong: ${join(", ", nonsensitive(sensitive([for i, route in coalesce(var.configuration, []) : "[${i}].min_severity = ${replace(jsonencode(route.min_severity), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.min_severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])))}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.configuration, []) : route.mention == null || can(regex("^S[A-Z0-9]{3,30}$", route.mention))])
    error_message = "configuration: mention must be the ID of a Slack user group (such as S0123456789, in the group's details in Slack), not its name; wrong: ${join(", ", nonsensitive(sensitive([for i, route in coalesce(var.configuration, []) : "[${i}].mention = ${replace(jsonencode(route.mention), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.mention != null && !can(regex("^S[A-Z0-9]{3,30}$", route.mention))])))}."
  }
}

variable "slack_webhook_configuration" {
  description = "Webhooks by account, as references: the name or ARN of an SSM parameter, or the ARN of a Secrets Manager secret. The first route that names an account applies; one with `min_severity` takes only alerts of at least that severity, goes before the others, and may name `*`, all accounts. Critical alerts notify the user group `mention`."
  type = list(object({
    accounts                     = list(string)
    slack_hook_url_ssm_parameter = optional(string)
    slack_hook_url_secret_arn    = optional(string)
    min_severity                 = optional(string)
    mention                      = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])
    ])
    error_message = "slack_webhook_configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for i, route in var.slack_webhook_configuration : "[${i}].accounts = ${replace(jsonencode(route.accounts), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])])}."
  }

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration :
      (route.slack_hook_url_ssm_parameter == null) != (route.slack_hook_url_secret_arn == null)
    ])
    error_message = "slack_webhook_configuration: every route must have either slack_hook_url_ssm_parameter or slack_hook_url_secret_arn; none or both in: ${join(", ", [for i, route in var.slack_webhook_configuration : "[${i}]" if(route.slack_hook_url_ssm_parameter == null) == (route.slack_hook_url_secret_arn == null)])}."
  }

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration : route.slack_hook_url_ssm_parameter == null ? true : (
        can(regex("^((arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]+)$", route.slack_hook_url_ssm_parameter)) &&
        !can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", route.slack_hook_url_ssm_parameter))
      )
    ])
    error_message = "slack_webhook_configuration: slack_hook_url_ssm_parameter must be the name (/slack/webhook; a name with slashes begins with one) or the ARN of an SSM parameter; an address itself belongs into `configuration`."
  }

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration : route.slack_hook_url_secret_arn == null ? true :
      can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}$", route.slack_hook_url_secret_arn))
    ])
    error_message = "slack_webhook_configuration: slack_hook_url_secret_arn must be the whole ARN of a secret, with the six characters at its end (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); an address itself belongs into `configuration`."
  }

  validation {
    condition     = alltrue([for route in var.slack_webhook_configuration : route.min_severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])
    error_message = "slack_webhook_configuration: min_severity must be info, low, medium, high or critical; wrong: ${join(", ", [for i, route in var.slack_webhook_configuration : "[${i}].min_severity = ${replace(jsonencode(route.min_severity), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.min_severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])}."
  }

  validation {
    condition     = alltrue([for route in var.slack_webhook_configuration : route.mention == null || can(regex("^S[A-Z0-9]{3,30}$", route.mention))])
    error_message = "slack_webhook_configuration: mention must be the ID of a Slack user group (such as S0123456789, in the group's details in Slack), not its name; wrong: ${join(", ", [for i, route in var.slack_webhook_configuration : "[${i}].mention = ${replace(jsonencode(route.mention), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.mention != null && !can(regex("^S[A-Z0-9]{3,30}$", route.mention))])}."
  }
}

variable "slack_api_url" {
  description = "Base of Slack's API, if it is not https://slack.com/api/ (GovSlack: https://slack-gov.com/api/)."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_api_url)) || (var.slack_api_url == null ? true : can(regex("^https?://[!-~]+$", var.slack_api_url)) && !can(regex("//hooks[.]", var.slack_api_url)))
    error_message = "slack_api_url must be the base of an API and no webhook, such as https://slack-gov.com/api/."
  }
}

variable "rule_evaluation_errors_to_slack" {
  description = "Report rules that raise an error."
  type        = bool
  default     = true
  nullable    = false
}

# ---------------------------------------------------------------------------
# SNS: topics that alerts are published to, by account
# ---------------------------------------------------------------------------

variable "default_sns_topic_arn" {
  description = "Topic for accounts that no route names; null or empty: none."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.default_sns_topic_arn)) || (var.default_sns_topic_arn == null || var.default_sns_topic_arn == "" ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.default_sns_topic_arn)))
    error_message = "default_sns_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME)."
  }
}

variable "account_names" {
  description = "Names of accounts in messages, by ID: `{ \"111122223333\" = \"payments-prod\" }`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for account in keys(var.account_names) : can(regex("^[0-9]{12}$", account))])
    error_message = "account_names: every key must be an account, with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for account in keys(var.account_names) : account if !can(regex("^[0-9]{12}$", account))])}."
  }

  validation {
    condition     = alltrue([for name in values(var.account_names) : try(trimspace(name) != "", false)])
    error_message = "account_names: every account must have a name; missing for: ${join(", ", [for account, name in var.account_names : account if !try(trimspace(name) != "", false)])}."
  }

  validation {
    condition     = !can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(var.account_names)))
    error_message = "account_names: there is a Slack token or webhook in it, which plans and config.json would show: take it out."
  }
}

variable "account_names_from_organizations" {
  description = "Whether the function may call `organizations:ListAccounts`, at most once an hour, for names of accounts that `account_names` does not have. Works in the management account and in delegated administrators' accounts; needs the state table."
  type        = bool
  default     = false
  nullable    = false
}

variable "sns_configuration" {
  description = "Topics by account. The first route that names an account applies; one with `min_severity` takes only alerts of at least that severity, goes before the others, and may name `*`, all accounts."
  type = list(object({
    accounts      = list(string)
    sns_topic_arn = string
    min_severity  = optional(string)
  }))
  default = null

  validation {
    condition = alltrue([
      for route in coalesce(var.sns_configuration, []) :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])
    ])
    error_message = "sns_configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for i, route in coalesce(var.sns_configuration, []) : "[${i}].accounts = ${replace(jsonencode(route.accounts), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.sns_configuration, []) : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", route.sns_topic_arn))])
    error_message = "sns_configuration: every sns_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME); wrong: ${join(", ", [for i, route in coalesce(var.sns_configuration, []) : "[${i}] ${replace(jsonencode(route.sns_topic_arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", route.sns_topic_arn))])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.sns_configuration, []) : route.min_severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])
    error_message = "sns_configuration: min_severity must be info, low, medium, high or critical; wrong: ${join(", ", [for i, route in coalesce(var.sns_configuration, []) : "[${i}].min_severity = ${replace(jsonencode(route.min_severity), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if route.min_severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])}."
  }
}

variable "aws_sns_topic_subscriptions" {
  description = "Endpoint → protocol. If set and no default topic is given, the module creates a topic with these subscriptions and uses it."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # Source: Amazon SNS API Reference, Subscribe. Not firehose, which needs a role too.
    condition = alltrue([
      for endpoint, protocol in var.aws_sns_topic_subscriptions : can(regex(lookup({
        application = "^arn:aws[a-z-]*:sns:", email = "^[^ @]+@[^ @]+$", email-json = "^[^ @]+@[^ @]+$", http = "^http://.", https = "^https://.",
        lambda      = "^arn:aws[a-z-]*:lambda:", sms = "^[+]?[0-9]{5,15}$", sqs = "^arn:aws[a-z-]*:sqs:"
      }, protocol, "^$"), endpoint))
    ])
    error_message = "aws_sns_topic_subscriptions maps an endpoint to its protocol (application, email, email-json, http, https, lambda, sms, sqs), as in { \"soc@example.com\" = \"email\" }, and the endpoint must be one of that protocol; wrong: ${join(", ", [
      for endpoint, protocol in var.aws_sns_topic_subscriptions : replace(jsonencode({ (endpoint) = protocol }), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)") if !can(regex(lookup({
        application = "^arn:aws[a-z-]*:sns:", email = "^[^ @]+@[^ @]+$", email-json = "^[^ @]+@[^ @]+$", http = "^http://.", https = "^https://.",
        lambda      = "^arn:aws[a-z-]*:lambda:", sms = "^[+]?[0-9]{5,15}$", sqs = "^arn:aws[a-z-]*:sqs:"
      }, protocol, "^$"), endpoint))
    ])}."
  }
}

variable "sns_topic_subscriptions" {
  description = "Name of your choice → protocol and endpoint: like `aws_sns_topic_subscriptions`, for endpoints that are known only after apply."
  type = map(object({
    protocol = string
    endpoint = string
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for each in values(var.sns_topic_subscriptions) : can(regex(lookup({
        application = "^arn:aws[a-z-]*:sns:", email = "^[^ @]+@[^ @]+$", email-json = "^[^ @]+@[^ @]+$", http = "^http://.", https = "^https://.",
        lambda      = "^arn:aws[a-z-]*:lambda:", sms = "^[+]?[0-9]{5,15}$", sqs = "^arn:aws[a-z-]*:sqs:"
      }, each.protocol, "^$"), each.endpoint))
    ])
    error_message = "sns_topic_subscriptions: each must have a protocol (application, email, email-json, http, https, lambda, sms, sqs) and an endpoint of that protocol, as in { soc = { protocol = \"email\", endpoint = \"soc@example.com\" } }."
  }
}

variable "create_sns_topic" {
  description = "Create the topic for alerts; null: if subscriptions are given and no `default_sns_topic_arn`. Set it if that ARN is known only after apply."
  type        = bool
  default     = null
}

variable "sns_topic_name" {
  description = "Name of the topic that is created for subscriptions; null: `function_name`."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.sns_topic_name)) || (var.sns_topic_name == null ? true : can(regex("^[A-Za-z0-9_-]{1,256}$", var.sns_topic_name)))
    error_message = "sns_topic_name must have 1 to 256 letters, digits, hyphens and underscores, not ${jsonencode(var.sns_topic_name)}."
  }
}

# ---------------------------------------------------------------------------
# Destinations that are added to the function's code
# ---------------------------------------------------------------------------

variable "destinations" {
  description = "Routes of destinations that are added to the function's code, by the destination's name: a `default` address, and addresses by account as in `sns_configuration`. An address is shown in plans and is in Terraform's state, so it must not be a secret."
  type = map(object({
    default = optional(string)
    routes = optional(list(object({
      accounts     = list(string)
      address      = string
      min_severity = optional(string)
    })), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.destinations), ["slack_app", "slack_webhook", "sns"])) == 0
    error_message = "destinations: ${join(", ", setintersection(keys(var.destinations), ["slack_app", "slack_webhook", "sns"]))} has variables of its own: slack_app_configuration, slack_webhook_configuration, sns_configuration."
  }

  validation {
    condition = alltrue(flatten([for destination in values(var.destinations) : [for route in destination.routes :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])
    ]]))
    error_message = "destinations: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong in: ${join(", ", [for name, destination in var.destinations : name if anytrue([for route in destination.routes : length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex(route.min_severity == null ? "^[0-9]{12}$" : "^([0-9]{12}|[*])$", account))])])])}."
  }

  validation {
    condition     = alltrue(flatten([for destination in values(var.destinations) : concat([destination.default == null ? true : trimspace(destination.default) != ""], [for route in destination.routes : try(trimspace(route.address) != "", false)])]))
    error_message = "destinations: an address must not be empty; wrong in: ${join(", ", [for name, destination in var.destinations : name if !alltrue(concat([destination.default == null ? true : trimspace(destination.default) != ""], [for route in destination.routes : try(trimspace(route.address) != "", false)]))])}."
  }

  validation {
    condition     = alltrue(flatten([for destination in values(var.destinations) : [for route in destination.routes : route.min_severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))]]))
    error_message = "destinations: min_severity must be info, low, medium, high or critical; wrong in: ${join(", ", [for name, destination in var.destinations : name if anytrue([for route in destination.routes : route.min_severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(route.min_severity, "-")))])])}."
  }

  validation {
    condition     = !can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(var.destinations)))
    error_message = "destinations: there is a Slack token or webhook in it, which plans and config.json would show: take it out."
  }
}

# ---------------------------------------------------------------------------
# Rules
# ---------------------------------------------------------------------------

variable "use_default_rules" {
  description = "Whether the default rules apply."
  type        = bool
  default     = true
  nullable    = false
}

variable "disabled_rules" {
  description = "IDs of rules to switch off, such as `default/access-denied`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.disabled_rules : try(trimspace(id) != "", false)])
    error_message = "disabled_rules must hold ids of rules, such as default/access-denied; empty: ${join(", ", [for i, id in var.disabled_rules : "[${i}]" if !try(trimspace(id) != "", false)])}."
  }

  validation {
    condition     = !anytrue([for id in var.disabled_rules : can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(id)))])
    error_message = "disabled_rules: there is a Slack token or webhook in ${join(", ", [for i, id in var.disabled_rules : "[${i}]" if can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(id)))])}, which plans and config.json would show: take it out."
  }
}

variable "check_rules_at_plan" {
  description = "Whether a plan fails on rules that the function cannot use as written; otherwise it warns. Without Python 3.9 where Terraform runs, it only warns that rules are not checked."
  type        = bool
  default     = true
  nullable    = false
}

variable "detection_packs" {
  description = "Names of detection packs to switch on, such as `recommended`; docs/detections.md lists their rules."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "rule_severities" {
  description = "Severities that replace the rules' own, by ID: `{ \"persistence/mfa-deactivated\" = \"critical\" }`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for severity in values(var.rule_severities) : contains(["info", "low", "medium", "high", "critical"], lower(coalesce(severity, "-")))])
    error_message = "rule_severities: a severity must be info, low, medium, high or critical; wrong: ${join(", ", [for id, severity in var.rule_severities : "${id} = ${replace(jsonencode(severity), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(severity, "-")))])}."
  }

  validation {
    condition     = !can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(var.rule_severities)))
    error_message = "rule_severities: there is a Slack token or webhook in it, which plans and config.json would show: take it out."
  }
}

variable "rule_exceptions" {
  description = "Exceptions to single rules, by the rule's ID: a list of `expression`, the `reason`, and the last day on which it applies (`expires`, such as 2027-01-31). Other rules are not affected."
  type = map(list(object({
    expression = string
    id         = optional(string)
    reason     = optional(string)
    expires    = optional(string)
  })))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue(flatten([for exceptions in values(var.rule_exceptions) : [for exception in coalesce(exceptions, []) : try(trimspace(exception.expression) != "", false)]]))
    error_message = "rule_exceptions: every exception needs an expression; missing for: ${join(", ", [for id, exceptions in var.rule_exceptions : id if !alltrue([for exception in coalesce(exceptions, []) : try(trimspace(exception.expression) != "", false)])])}."
  }

  validation {
    condition     = alltrue(flatten([for exceptions in values(var.rule_exceptions) : [for exception in coalesce(exceptions, []) : exception.expires == null || can(formatdate("YYYY", "${coalesce(exception.expires, "-")}T00:00:00Z"))]]))
    error_message = "rule_exceptions: expires must be a day such as 2027-01-31; wrong for: ${join(", ", [for id, exceptions in var.rule_exceptions : id if !alltrue([for exception in coalesce(exceptions, []) : exception.expires == null || can(formatdate("YYYY", "${coalesce(exception.expires, "-")}T00:00:00Z"))])])}."
  }

  validation {
    condition     = !can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(var.rule_exceptions)))
    error_message = "rule_exceptions: there is a Slack token or webhook in it, which plans and config.json would show: take it out."
  }
}

variable "rules" {
  description = "Rules, joined by `rules_separator`. `detection_rules` can hold more and needs no separator."
  type        = string
  default     = ""
}

variable "ignore_rules" {
  description = "Ignore rules, joined by `rules_separator`. `detection_ignore_rules` can hold more and needs no separator."
  type        = string
  default     = ""
}

variable "rules_separator" {
  description = "Separator between expressions in `rules` and `ignore_rules`."
  type        = string
  default     = ","
  nullable    = false

  validation {
    condition     = var.rules_separator != ""
    error_message = "rules_separator must not be empty: it separates one rule from the next. Use a string that no rule contains, such as \"%\" or a line break."
  }
}

variable "events_to_track" {
  description = "Event names, joined by commas; every event of such a name alerts."
  type        = string
  default     = ""
}

variable "detection_rules" {
  description = "Rules as objects: `expression`, and what the alert shows with it."
  type = list(object({
    expression      = string
    id              = optional(string)
    title           = optional(string)
    severity        = optional(string)
    description     = optional(string)
    runbook_url     = optional(string)
    mitre           = optional(list(string))
    false_positives = optional(list(string))
    first_steps     = optional(list(string))
    references      = optional(list(string))
    threshold = optional(object({
      count    = number
      minutes  = number
      by       = optional(list(string))
      distinct = optional(string)
    }))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for rule in var.detection_rules : try(trimspace(rule.expression) != "", false)])
    error_message = "detection_rules: every rule needs an expression, such as event.get(\"eventName\") == \"DeleteTrail\"; missing in: ${join(", ", [for i, rule in var.detection_rules : "[${i}]${rule.id == null ? "" : " (id \"${rule.id}\")"}" if !try(trimspace(rule.expression) != "", false)])}."
  }

  validation {
    condition     = alltrue([for rule in var.detection_rules : rule.severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(rule.severity, "-")))])
    error_message = "detection_rules: severity must be info, low, medium, high or critical; wrong: ${join(", ", [for i, rule in var.detection_rules : "[${i}].severity = ${replace(jsonencode(coalesce(rule.severity, " ")), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if rule.severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(rule.severity, "-")))])}."
  }

  validation {
    condition     = alltrue([for rule in var.detection_rules : rule.runbook_url == null || can(regex("^https?://[!-~]+$", rule.runbook_url))])
    error_message = "detection_rules: runbook_url must be a web address (https://…); wrong: ${join(", ", [for i, rule in var.detection_rules : "[${i}].runbook_url = ${replace(jsonencode(coalesce(rule.runbook_url, " ")), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if rule.runbook_url != null && !can(regex("^https?://[!-~]+$", rule.runbook_url))])}."
  }

  validation {
    # Source: MITRE ATT&CK, techniques T1562 and sub-techniques T1562.008.
    condition     = alltrue(flatten([for rule in var.detection_rules : [for technique in coalesce(rule.mitre, []) : can(regex("^T[0-9]{4}([.][0-9]{3})?$", technique))]]))
    error_message = "detection_rules: mitre lists techniques such as T1562 or T1562.008; wrong: ${join(", ", [for i, rule in var.detection_rules : "[${i}].mitre = ${replace(jsonencode(rule.mitre), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if anytrue([for technique in coalesce(rule.mitre, []) : !can(regex("^T[0-9]{4}([.][0-9]{3})?$", technique))])])}."
  }

  validation {
    condition     = !anytrue([for rule in var.detection_rules : can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(rule)))])
    error_message = "detection_rules: there is a Slack token or webhook in ${join(", ", [for i, rule in var.detection_rules : "[${i}]" if can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(rule)))])}, which plans and config.json would show: take it out."
  }
}

variable "detection_ignore_rules" {
  description = "Ignore rules as objects: `expression`, the `reason`, and the last day on which it applies (`expires`, such as 2027-01-31)."
  type = list(object({
    expression = string
    id         = optional(string)
    reason     = optional(string)
    expires    = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for rule in var.detection_ignore_rules : try(trimspace(rule.expression) != "", false)])
    error_message = "detection_ignore_rules: every rule needs an expression, such as event.get(\"userIdentity.sessionContext.sessionIssuer.arn\") == \"arn:aws:iam::111122223333:role/vulnerability-scanner\"; missing in: ${join(", ", [for i, rule in var.detection_ignore_rules : "[${i}]" if !try(trimspace(rule.expression) != "", false)])}."
  }

  validation {
    condition     = alltrue([for rule in var.detection_ignore_rules : rule.expires == null || can(formatdate("YYYY", "${coalesce(rule.expires, "-")}T00:00:00Z"))])
    error_message = "detection_ignore_rules: expires must be a day such as 2027-01-31; wrong: ${join(", ", [for i, rule in var.detection_ignore_rules : "[${i}].expires = ${replace(jsonencode(coalesce(rule.expires, " ")), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if rule.expires != null && !can(formatdate("YYYY", "${coalesce(rule.expires, "-")}T00:00:00Z"))])}."
  }

  validation {
    condition     = !anytrue([for rule in var.detection_ignore_rules : can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(rule)))])
    error_message = "detection_ignore_rules: there is a Slack token or webhook in ${join(", ", [for i, rule in var.detection_ignore_rules : "[${i}]" if can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(rule)))])}, which plans and config.json would show: take it out."
  }
}

variable "rule_files" {
  description = "Paths of YAML or JSON files with `rules` and `ignore_rules`: lists of expressions, or of objects like those of `detection_rules` and `detection_ignore_rules`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for path in var.rule_files : try(fileexists(path), false)])
    error_message = "rule_files: there is no file at ${join(", ", [for i, path in var.rule_files : "[${i}] ${replace(jsonencode(path), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !try(fileexists(path), false)])}. Write paths from the folder of your own configuration as \"$${path.module}/…\"."
  }

  validation {
    condition     = alltrue([for path in var.rule_files : can(yamldecode(file(path)).rules) || can(yamldecode(file(path)).ignore_rules) if try(fileexists(path), false)])
    error_message = "rule_files: each must be YAML or JSON with a list named rules or ignore_rules; it is not in ${join(", ", [for i, path in var.rule_files : "[${i}] \"${path}\"" if try(fileexists(path), false) && !can(yamldecode(file(path)).rules) && !can(yamldecode(file(path)).ignore_rules)])}."
  }

  validation {
    condition     = alltrue([for path in var.rule_files : alltrue([for key in ["rules", "ignore_rules"] : contains(["[", "n"], substr(jsonencode(try(yamldecode(file(path))[key], null)), 0, 1))]) if try(fileexists(path), false)])
    error_message = "rule_files: rules and ignore_rules must be lists, each rule on a line that begins with \"- \"; it is not so in ${join(", ", [for i, path in var.rule_files : "[${i}] \"${path}\"" if try(fileexists(path), false) && !alltrue([for key in ["rules", "ignore_rules"] : contains(["[", "n"], substr(jsonencode(try(yamldecode(file(path))[key], null)), 0, 1))])])}."
  }

  validation {
    condition     = length(distinct(var.rule_files)) == length(var.rule_files)
    error_message = "rule_files: a file is named twice: ${join(", ", [for path in distinct(var.rule_files) : replace(jsonencode(path), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)") if length([for other in var.rule_files : other if other == path]) > 1])}."
  }

  validation {
    condition     = !anytrue([for path in var.rule_files : can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(try(file(path), path))))])
    error_message = "rule_files: there is a Slack token or webhook in ${join(", ", [for i, path in var.rule_files : "[${i}]" if can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(try(file(path), path))))])}, which plans and config.json would show: take it out."
  }
}

variable "push_access_denied_cloudwatch_metrics" {
  description = "Emit metrics of access-denied events."
  type        = bool
  default     = true
  nullable    = false
}

# ---------------------------------------------------------------------------
# The function
# ---------------------------------------------------------------------------

variable "function_name" {
  description = "Name of the function. Everything else that the module creates is named after it."
  type        = string
  default     = "cloudtrail-to-slack"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.function_name)) || (can(regex("^[a-zA-Z0-9_-]{1,64}$", var.function_name)))
    error_message = "function_name must have 1 to 64 letters, digits, hyphens and underscores, not \"${var.function_name}\"."
  }
}

variable "lambda_memory_size" {
  description = "Memory of the function, in MB. CPU is in proportion: 1769 MB is one CPU."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.lambda_memory_size >= 128 && var.lambda_memory_size <= 10240 && floor(var.lambda_memory_size) == var.lambda_memory_size
    error_message = "lambda_memory_size must be a whole number of MB from 128 to 10240, not ${var.lambda_memory_size}."
  }
}

variable "lambda_timeout_seconds" {
  description = "Timeout of an invocation, in seconds."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.lambda_timeout_seconds >= 1 && var.lambda_timeout_seconds <= 900 && floor(var.lambda_timeout_seconds) == var.lambda_timeout_seconds
    error_message = "lambda_timeout_seconds must be a whole number of seconds from 1 to 900, not ${var.lambda_timeout_seconds}."
  }
}

variable "lambda_logs_retention_in_days" {
  description = "Retention of the function's log, in days; 0: forever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    # Source: Amazon CloudWatch Logs API Reference, PutRetentionPolicy.
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.lambda_logs_retention_in_days,
    )
    error_message = "lambda_logs_retention_in_days must be one of CloudWatch's: 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653; not ${var.lambda_logs_retention_in_days}."
  }
}

variable "lambda_runtime" {
  description = "Python runtime of the function: python3.11 to python3.14."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.lambda_runtime)) || (contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.lambda_runtime))
    error_message = "lambda_runtime must be python3.11, python3.12, python3.13 or python3.14, not \"${var.lambda_runtime}\"."
  }
}

variable "lambda_architecture" {
  description = "Instruction set of the function: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.lambda_architecture)) || (contains(["arm64", "x86_64"], var.lambda_architecture))
    error_message = "lambda_architecture must be arm64 or x86_64, not \"${var.lambda_architecture}\"."
  }
}

variable "lambda_reserved_concurrent_executions" {
  description = "Reserved concurrency of the function, taken from the account's; null: none."
  type        = number
  default     = null

  validation {
    condition     = var.lambda_reserved_concurrent_executions == null ? true : var.lambda_reserved_concurrent_executions >= 1 && floor(var.lambda_reserved_concurrent_executions) == var.lambda_reserved_concurrent_executions
    error_message = "lambda_reserved_concurrent_executions must be a whole number of at least 1 (0 would stop the function), or null for none reserved."
  }
}

variable "lambda_maximum_retry_attempts" {
  description = "How often Lambda retries a failed asynchronous invocation before it goes to the dead-letter target: 0, 1 or 2."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([0, 1, 2], var.lambda_maximum_retry_attempts)
    error_message = "lambda_maximum_retry_attempts must be 0, 1 or 2, not ${var.lambda_maximum_retry_attempts}."
  }
}

variable "lambda_maximum_event_age_seconds" {
  description = "How long Lambda keeps an asynchronous invocation that it cannot run, in seconds."
  type        = number
  default     = 21600
  nullable    = false

  validation {
    condition     = var.lambda_maximum_event_age_seconds >= 60 && var.lambda_maximum_event_age_seconds <= 21600 && floor(var.lambda_maximum_event_age_seconds) == var.lambda_maximum_event_age_seconds
    error_message = "lambda_maximum_event_age_seconds must be a whole number of seconds from 60 to 21600, not ${var.lambda_maximum_event_age_seconds}."
  }
}

variable "log_level" {
  description = "Log level: DEBUG, INFO, WARNING, ERROR or CRITICAL."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.log_level)) || (contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], upper(var.log_level)))
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not \"${var.log_level}\"."
  }
}

# ---------------------------------------------------------------------------
# The function's package, and where it is built; see docs/packaging.md
# ---------------------------------------------------------------------------

variable "lambda_package" {
  description = "Path of a ready zip with code and dependencies, of a release or from `make package`; null: Terraform builds them when it applies, which needs Python."
  type        = string
  default     = null

  validation {
    condition     = var.lambda_package == null ? true : trimspace(var.lambda_package) != ""
    error_message = "lambda_package must be the path of a zip, or null."
  }
}

variable "lambda_package_sha256" {
  description = "SHA-256 digest of `lambda_package`, as in `SHA256SUMS`: another file is refused, and the zip is needed only where a plan that changes it is applied. Null: the zip must exist at every plan."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.lambda_package_sha256)) || (var.lambda_package_sha256 == null ? true : can(regex("^[0-9a-fA-F]{64}$", var.lambda_package_sha256)))
    error_message = "lambda_package_sha256 must have 64 hexadecimal digits, as `sha256sum` and SHA256SUMS write them, not ${jsonencode(var.lambda_package_sha256)}."
  }
}

variable "dependencies_layer_arn" {
  description = "ARN of a layer version with what requirements.txt pins (`make layer` makes its zip); null: Terraform builds the layer when it applies, which needs pip."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.dependencies_layer_arn)) || (var.dependencies_layer_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]+:[0-9]+$", var.dependencies_layer_arn)))
    error_message = "dependencies_layer_arn must be the ARN of one version of a layer (arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION), not ${jsonencode(var.dependencies_layer_arn)}."
  }
}

variable "create_dependencies_layer" {
  description = "Build the layer of dependencies; null: if no `dependencies_layer_arn` is given. Set it to false if that ARN is known only after apply."
  type        = bool
  default     = null
}

variable "build_directory" {
  description = "Folder for the zips that are built; null: `.terraform/cloudtrail-to-slack` of your configuration. Set it if that folder cannot be written."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.build_directory)) || (var.build_directory == null ? true : trimspace(var.build_directory) != "")
    error_message = "build_directory must be the path of a folder, or null for .terraform/cloudtrail-to-slack of your configuration."
  }
}

# tflint-ignore: terraform_unused_declarations
variable "lambda_recreate_missing_package" {
  description = "Accepted for compatibility, without effect: what a plan needs is always built where it is applied."
  type        = bool
  default     = true
}

# tflint-ignore: terraform_unused_declarations
variable "lambda_build_in_docker" {
  description = "Accepted for compatibility, without effect: the layer consists of wheels for the function's runtime and architecture, so no Docker is needed."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------
# Names, IAM, encryption and tags
# ---------------------------------------------------------------------------

variable "role_name" {
  description = "Name of the function's role and of the dashboard, which exist once for all regions of an account; null: `function_name`. A second region needs another name."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.role_name)) || (var.role_name == null ? true : can(regex("^[a-zA-Z0-9_+=,.@-]{1,48}$", var.role_name)))
    error_message = "role_name must have 1 to 48 letters, digits and characters of _+=,.@- (the role of restart_logging adds 16 more), not ${jsonencode(var.role_name)}."
  }
}

variable "derive_names" {
  description = "Name the state table and the fan-out topic after a `function_name` of your own, unless they have names of their own, so that instances do not share them; false: they keep their default names."
  type        = bool
  default     = true
  nullable    = false
}

variable "lambda_role_arn" {
  description = "ARN of an existing role for the function, whose trust policy names lambda.amazonaws.com; null: a role is created. The output `lambda_role_policies` has what the role must be allowed."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.lambda_role_arn)) || (var.lambda_role_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$", var.lambda_role_arn)))
    error_message = "lambda_role_arn must be the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)."
  }
}

variable "restart_logging_role_arn" {
  description = "ARN of an existing role for the function that restarts trails, not that of `lambda_role_arn`; null: a role is created. The output `restart_logging_role_policy` has what the role must be allowed."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.restart_logging_role_arn)) || (var.restart_logging_role_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$", var.restart_logging_role_arn)))
    error_message = "restart_logging_role_arn must be the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)."
  }
}

variable "create_roles" {
  description = "Create each role whose ARN is not given; false: create none, also where the ARNs are known only after apply."
  type        = bool
  default     = true
  nullable    = false
}

variable "attach_role_policies" {
  description = "Attach to existing roles the policies that they need."
  type        = bool
  default     = false
  nullable    = false
}

variable "iam_role_path" {
  description = "Path of the roles that the module creates. To change it later, change `role_name` too: a name exists once, whatever its path."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.iam_role_path)) || (can(regex("^/([!-~]+/)?$", var.iam_role_path)))
    error_message = "iam_role_path must begin and end with a slash, such as /security/, not ${var.iam_role_path}."
  }
}

variable "lambda_vpc_subnet_ids" {
  description = "IDs of the subnets in which the function runs. They must have a way to Slack and to the APIs of AWS; see docs/deployment.md. Empty: no VPC."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # Source: AWS Lambda API Reference, VpcConfig.
    condition     = length(var.lambda_vpc_subnet_ids) <= 16 && alltrue([for id in var.lambda_vpc_subnet_ids : can(regex("^subnet-[a-z0-9]+$", id))])
    error_message = "lambda_vpc_subnet_ids must hold at most 16 IDs of subnets (subnet-…); wrong: ${join(", ", [for i, id in var.lambda_vpc_subnet_ids : "[${i}] ${replace(jsonencode(id), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^subnet-[a-z0-9]+$", id))])}."
  }
}

variable "lambda_vpc_security_group_ids" {
  description = "IDs of the security groups of the function, with `lambda_vpc_subnet_ids`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # Source: AWS Lambda API Reference, VpcConfig.
    condition     = length(var.lambda_vpc_security_group_ids) <= 5 && alltrue([for id in var.lambda_vpc_security_group_ids : can(regex("^sg-[a-z0-9]+$", id))])
    error_message = "lambda_vpc_security_group_ids must hold at most 5 IDs of security groups (sg-…); wrong: ${join(", ", [for i, id in var.lambda_vpc_security_group_ids : "[${i}] ${replace(jsonencode(id), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^sg-[a-z0-9]+$", id))])}."
  }
}

variable "lambda_code_signing_config_arn" {
  description = "ARN of a code signing configuration for the function; null: none. One that enforces signatures needs a signed `lambda_package`."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.lambda_code_signing_config_arn)) || (var.lambda_code_signing_config_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:[a-z0-9-]+$", var.lambda_code_signing_config_arn)))
    error_message = "lambda_code_signing_config_arn must be the ARN of a code signing configuration (arn:aws:lambda:REGION:ACCOUNT:code-signing-config:ID), or null, not ${jsonencode(var.lambda_code_signing_config_arn)}."
  }
}

variable "iam_role_permissions_boundary" {
  description = "ARN of the permissions boundary of the function's role; null: none."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.iam_role_permissions_boundary)) || (var.iam_role_permissions_boundary == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$", var.iam_role_permissions_boundary)))
    error_message = "iam_role_permissions_boundary must be the ARN of a policy (arn:aws:iam::ACCOUNT:policy/NAME), or null, not ${jsonencode(var.iam_role_permissions_boundary)}."
  }
}

variable "kms_key_arn" {
  description = "ARN of a KMS key that encrypts the log group, the table, the topics, the queues and the function's environment; null: AWS's keys."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.kms_key_arn)) || (var.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key_arn)))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id: ${jsonencode(var.kms_key_arn)}."
  }
}

variable "additional_kms_key_arns" {
  description = "ARNs of the KMS keys that encrypt existing resources: topics, the dead-letter target, the table, secrets. The function may use them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.additional_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", arn))])
    error_message = "additional_kms_key_arns must hold ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID); wrong: ${join(", ", [for i, arn in var.additional_kms_key_arns : "[${i}] ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", arn))])}."
  }
}

variable "tags" {
  description = "Tags on every resource."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # Source: AWS Tagging User Guide, "Tag naming limits and requirements".
    condition     = length(var.tags) <= 50 && alltrue([for name, value in var.tags : can(regex("^[\\pL\\pZ\\pN_.:/=+@-]{1,128}$", name)) && !can(regex("(?i)^aws:", name)) && (value == null || can(regex("^[\\pL\\pZ\\pN_.:/=+@-]{0,256}$", value)))])
    error_message = "tags must be at most 50, with 1 to 128 letters, digits, spaces and characters of _.:/=+-@ in a name, which must not begin with aws:, and at most 256 in a value; wrong: ${join(", ", [for name, value in var.tags : jsonencode(name) if !can(regex("^[\\pL\\pZ\\pN_.:/=+@-]{1,128}$", name)) || can(regex("(?i)^aws:", name)) || !(value == null || can(regex("^[\\pL\\pZ\\pN_.:/=+@-]{0,256}$", value)))])}."
  }
}

# ---------------------------------------------------------------------------
# The state table: threads, and delivering each alert once
# ---------------------------------------------------------------------------

variable "dynamodb_table_name" {
  description = "Name of the state table. The default means `<function_name>-table`; see `derive_names`."
  type        = string
  default     = "cloudtrail-to-slack-table"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.dynamodb_table_name)) || (can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.dynamodb_table_name)))
    error_message = "dynamodb_table_name must have 3 to 255 letters, digits, hyphens, underscores and dots, not \"${var.dynamodb_table_name}\"."
  }
}

variable "create_dynamodb_table" {
  description = "Create the state table; false: use the one named `dynamodb_table_name`, with partition key `pk` (string) and time to live in `expires_at`."
  type        = bool
  default     = true
  nullable    = false
}

variable "dynamodb_time_to_live" {
  description = "Seconds during which similar alerts join one thread."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.dynamodb_time_to_live >= 1 && floor(var.dynamodb_time_to_live) == var.dynamodb_time_to_live
    error_message = "dynamodb_time_to_live must be a whole number of seconds, at least 1, not ${var.dynamodb_time_to_live}."
  }
}

variable "deduplicate_deliveries" {
  description = "Record deliveries in the state table, so that retries and duplicate notifications repeat none."
  type        = bool
  default     = true
  nullable    = false
}

variable "deduplication_time_to_live" {
  description = "Seconds for which the state table remembers a delivery."
  type        = number
  default     = 604800
  nullable    = false

  validation {
    condition     = var.deduplication_time_to_live >= 1 && floor(var.deduplication_time_to_live) == var.deduplication_time_to_live
    error_message = "deduplication_time_to_live must be a whole number of seconds, at least 1, not ${var.deduplication_time_to_live}."
  }
}

variable "max_messages_per_channel" {
  description = "How many Slack messages of alerts one invocation sends to a channel, the last being a summary of the rest. Critical alerts are never summarized."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_messages_per_channel >= 1 && floor(var.max_messages_per_channel) == var.max_messages_per_channel
    error_message = "max_messages_per_channel must be a whole number, at least 1, not ${var.max_messages_per_channel}."
  }
}

# ---------------------------------------------------------------------------
# Monitoring: failed invocations, alarms, accounts and regions that stop delivering log files
# ---------------------------------------------------------------------------

variable "dead_letter_target_arn" {
  description = "SQS queue or SNS topic for failed invocations; null: a queue is created."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.dead_letter_target_arn)) || (var.dead_letter_target_arn == null ? true : can(regex("^arn:aws[a-z-]*:(sqs|sns):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.dead_letter_target_arn)))
    error_message = "dead_letter_target_arn must be the ARN of an SQS queue or an SNS topic (arn:aws:sqs:REGION:ACCOUNT:NAME), not ${jsonencode(var.dead_letter_target_arn)}."
  }

  validation {
    # Source: AWS Lambda Developer Guide, "Adding a dead-letter queue": FIFO queues and topics are not supported.
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.dead_letter_target_arn)) || (var.dead_letter_target_arn == null ? true : !endswith(var.dead_letter_target_arn, ".fifo"))
    error_message = "dead_letter_target_arn must be a standard queue or topic, not a FIFO one: ${jsonencode(var.dead_letter_target_arn)}."
  }
}

variable "create_dead_letter_queue" {
  description = "Create a dead-letter queue; null: if no `dead_letter_target_arn` is given. Set it to false if that ARN is known only after apply; with `enable_sqs_queue` it must then be a queue's."
  type        = bool
  default     = null
}

variable "alarm_topic_arns" {
  description = "Topics for the alarms on the function itself; empty: no alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", arn))])
    error_message = "alarm_topic_arns must hold ARNs of topics (arn:aws:sns:REGION:ACCOUNT:NAME); wrong: ${join(", ", [for i, arn in var.alarm_topic_arns : "[${i}] ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", arn))])}."
  }
}

variable "alarm_missing_log_data_hours" {
  description = "Hours without a log file after which the CloudWatch alarm on missing log data goes off, 1 to 24; 0: never."
  type        = number
  default     = 12
  nullable    = false

  validation {
    condition     = var.alarm_missing_log_data_hours >= 0 && var.alarm_missing_log_data_hours <= 24 && floor(var.alarm_missing_log_data_hours) == var.alarm_missing_log_data_hours
    error_message = "alarm_missing_log_data_hours must be a whole number of hours from 1 to 24, or 0 for no such alarm, not ${var.alarm_missing_log_data_hours}."
  }
}

variable "enable_missing_log_data_alerts" {
  description = "Report each account and region that used to deliver log files and has stopped; null: if there is a state table."
  type        = bool
  default     = null
}

variable "missing_log_data_minimum_hours" {
  description = "Hours without a log file that are never reported, 2 to 168."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.missing_log_data_minimum_hours >= 2 && var.missing_log_data_minimum_hours <= 168 && floor(var.missing_log_data_minimum_hours) == var.missing_log_data_minimum_hours
    error_message = "missing_log_data_minimum_hours must be a whole number of hours from 2 to 168, not ${var.missing_log_data_minimum_hours}."
  }
}

variable "create_dashboard" {
  description = "Create a CloudWatch dashboard of the function."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_xray_tracing" {
  description = "Trace invocations with X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

# ---------------------------------------------------------------------------
# Automatic restart: starts a trail's logging again when someone stops it
# ---------------------------------------------------------------------------

variable "restart_logging" {
  description = "Restart a trail's logging when someone stops it, and report it in Slack, with a second small function."
  type        = bool
  default     = false
  nullable    = false
}

variable "restart_logging_trails" {
  description = "Trails that may be restarted: names (of this account, in any region) or ARNs; empty or \"*\": all trails of this account."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # Source: AWS CloudTrail User Guide, "Naming requirements for CloudTrail resources, S3 buckets, and KMS keys".
    condition = alltrue([
      for trail in var.restart_logging_trails :
      trail == "*" || (
        can(regex("^(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/)?[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$", trail)) &&
        can(regex("^.{3,128}$", element(split("/", trail), length(split("/", trail)) - 1)))
      )
    ])
    error_message = "restart_logging_trails must hold names of trails (3 to 128 letters and digits, with single periods, underscores or hyphens between them), ARNs of trails (arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME) or \"*\"; wrong: ${join(", ", [for i, trail in var.restart_logging_trails : "[${i}] ${replace(jsonencode(trail), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if trail != "*" && !(can(regex("^(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/)?[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$", trail)) && can(regex("^.{3,128}$", element(split("/", trail), length(split("/", trail)) - 1))))])}."
  }
}

variable "restart_logging_max_per_hour" {
  description = "How often one trail is restarted within an hour, 1 to 20; after that it stays stopped and the alarm goes off."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.restart_logging_max_per_hour >= 1 && var.restart_logging_max_per_hour <= 20 && floor(var.restart_logging_max_per_hour) == var.restart_logging_max_per_hour
    error_message = "restart_logging_max_per_hour must be a whole number from 1 to 20, not ${var.restart_logging_max_per_hour}."
  }
}

variable "restart_logging_maintenance_ssm_parameter" {
  description = "Name or ARN of an SSM parameter that may hold a time such as 2026-03-14T18:00:00Z, at most seven days ahead, until which no trail is restarted; null: none."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.restart_logging_maintenance_ssm_parameter)) || (var.restart_logging_maintenance_ssm_parameter == null ? true : can(regex("^((arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]+)$", var.restart_logging_maintenance_ssm_parameter)) && !can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}", var.restart_logging_maintenance_ssm_parameter)))
    error_message = "restart_logging_maintenance_ssm_parameter must be the name (/cloudtrail/maintenance-until; a name with slashes begins with one) or the ARN of an SSM parameter, not the time itself."
  }
}

variable "restart_logging_slack_channel_id" {
  description = "Channel for the bot's messages about stopped trails; null: `default_slack_channel_id`. Without a bot, the default webhook is used."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.restart_logging_slack_channel_id)) || (var.restart_logging_slack_channel_id == null ? true : can(regex("^[CDGUW][A-Z0-9]+$", var.restart_logging_slack_channel_id)))
    error_message = "restart_logging_slack_channel_id must be the ID of a channel (such as C0123456789) and not its name."
  }
}

variable "restart_logging_reserved_concurrent_executions" {
  description = "Reserved concurrency of the function that restarts trails, taken from the account's, so that others cannot use it up; null: none."
  type        = number
  default     = null

  validation {
    condition     = var.restart_logging_reserved_concurrent_executions == null ? true : var.restart_logging_reserved_concurrent_executions >= 1 && floor(var.restart_logging_reserved_concurrent_executions) == var.restart_logging_reserved_concurrent_executions
    error_message = "restart_logging_reserved_concurrent_executions must be a whole number of at least 1 (0 would stop the function), or null for none reserved."
  }
}
