# What is watched beside CloudTrail itself. Lists, for their length is known when their values are not; null is skipped.

variable "log_bucket_names" {
  description = "Names of the buckets to which trails deliver."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.log_bucket_names : name == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "log_bucket_names must be names of buckets, not ARNs or addresses; wrong: ${join(", ", [for i, name in var.log_bucket_names : "[${i}] = ${jsonencode(name)}" if name == null ? false : !can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])}."
  }
}

variable "log_key_arns" {
  description = "ARNs of the KMS keys that encrypt the log files."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.log_key_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", arn))])
    error_message = "log_key_arns must be ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID), not aliases; wrong: ${join(", ", [for i, arn in var.log_key_arns : "[${i}] = ${jsonencode(arn)}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", arn))])}."
  }
}

variable "function_names" {
  description = "Names of the functions that alert: code, configuration, concurrency, permissions, event sources, deletion."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.function_names : name == null ? true : can(regex("^[a-zA-Z0-9_-]{1,64}$", name))])
    error_message = "function_names must be names of functions of this account, not ARNs; wrong: ${join(", ", [for i, name in var.function_names : "[${i}] = ${jsonencode(name)}" if name == null ? false : !can(regex("^[a-zA-Z0-9_-]{1,64}$", name))])}."
  }
}

variable "event_rule_names" {
  description = "Names of EventBridge rules on which the alerts depend. The tripwire's own are always watched."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.event_rule_names : name == null ? true : can(regex("^[a-zA-Z0-9._-]{1,64}$", name))])
    error_message = "event_rule_names must be names of rules, not ARNs; wrong: ${join(", ", [for i, name in var.event_rule_names : "[${i}] = ${jsonencode(name)}" if name == null ? false : !can(regex("^[a-zA-Z0-9._-]{1,64}$", name))])}."
  }
}

variable "queue_arns" {
  description = "ARNs of the queues through which alerts pass or in which they are kept. The tripwire's own is always watched."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.queue_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])
    error_message = "queue_arns must be ARNs of SQS queues; wrong: ${join(", ", [for i, arn in var.queue_arns : "[${i}] = ${jsonencode(arn)}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])}."
  }
}

variable "topic_arns" {
  description = "ARNs of the topics through which alerts or log file notifications pass."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.topic_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])
    error_message = "topic_arns must be ARNs of SNS topics; wrong: ${join(", ", [for i, arn in var.topic_arns : "[${i}] = ${jsonencode(arn)}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])}."
  }
}

variable "table_arns" {
  description = "ARNs of the tables that keep the alerts' state."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.table_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[a-zA-Z0-9_.-]+$", arn))])
    error_message = "table_arns must be ARNs of DynamoDB tables; wrong: ${join(", ", [for i, arn in var.table_arns : "[${i}] = ${jsonencode(arn)}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[a-zA-Z0-9_.-]+$", arn))])}."
  }
}

variable "role_names" {
  description = "Names of the functions' roles. The tripwire's own is always watched. IAM's events exist in us-east-1 only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.role_names : name == null ? true : can(regex("^[a-zA-Z0-9_+=,.@-]{1,64}$", name))])
    error_message = "role_names must be names of roles, not ARNs; wrong: ${join(", ", [for i, name in var.role_names : "[${i}] = ${jsonencode(name)}" if name == null ? false : !can(regex("^[a-zA-Z0-9_+=,.@-]{1,64}$", name))])}."
  }
}
