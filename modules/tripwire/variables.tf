# How the tripwire is called, and how its own failures are kept and told.

variable "name" {
  description = "Prefix of the names of everything that is created. Another instance in the same region needs another."
  type        = string
  default     = "cloudtrail-tripwire"
  nullable    = false

  # Rules, the connection and the role take 64 characters; the longest ending made here has 27.
  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,35}$", var.name))
    error_message = "name may have at most 36 letters, digits, hyphens and underscores, not \"${var.name}\"."
  }
}

variable "tell_refused_attempts" {
  description = "Report calls that AWS refused, too: attempts without permission."
  type        = bool
  default     = true
  nullable    = false
}

variable "retry_hours" {
  description = "For how many hours EventBridge retries before it puts the event into the dead-letter queue."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.retry_hours >= 1 && var.retry_hours <= 24 && floor(var.retry_hours) == var.retry_hours
    error_message = "retry_hours must be a whole number from 1 to 24, not ${var.retry_hours}."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics for the alarm on messages that could not be posted. Better not through the same Slack app."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])
    error_message = "alarm_topic_arns must be ARNs of SNS topics; wrong: ${join(", ", [for i, arn in var.alarm_topic_arns : "[${i}] = ${jsonencode(arn)}" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])}."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the dead-letter queue; null: SQS's own. Its policy must contain the output `kms_key_policy`."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not \"${coalesce(var.kms_key_arn, "-")}\"."
  }
}

variable "iam_role_permissions_boundary" {
  description = "ARN of the permissions boundary of the role that EventBridge assumes."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags on every resource that supports them."
  type        = map(string)
  default     = {}
  nullable    = false
}
