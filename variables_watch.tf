# Watching the function itself.

variable "dead_letter_target_arn" {
  description = "SQS queue or SNS topic for failed invocations; null: a queue is created."
  type        = string
  default     = null

  validation {
    condition     = var.dead_letter_target_arn == null ? true : can(regex("^arn:aws[a-z-]*:(sqs|sns):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.dead_letter_target_arn))
    error_message = "dead_letter_target_arn must be the ARN of an SQS queue or an SNS topic (arn:aws:sqs:REGION:ACCOUNT:NAME), not \"${coalesce(var.dead_letter_target_arn, "-")}\"."
  }
}

variable "create_dead_letter_queue" {
  description = "Create a dead-letter queue; null: if no `dead_letter_target_arn` is given. Set it to false if that ARN is known only after apply; with `enable_sqs_queue` or `alarm_topic_arns` it must be known before."
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
    error_message = "alarm_topic_arns must hold ARNs of topics (arn:aws:sns:REGION:ACCOUNT:NAME); wrong: ${join(", ", [for i, arn in var.alarm_topic_arns : "[${i}] \"${arn}\"" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", arn))])}."
  }
}

variable "alarm_silence_hours" {
  description = "Hours without a log file after which the CloudWatch alarm on missing log data goes off, 1 to 24; 0: never."
  type        = number
  default     = 12
  nullable    = false

  validation {
    condition     = var.alarm_silence_hours >= 0 && var.alarm_silence_hours <= 24 && floor(var.alarm_silence_hours) == var.alarm_silence_hours
    error_message = "alarm_silence_hours must be a whole number of hours from 1 to 24, or 0 for no such alarm, not ${var.alarm_silence_hours}."
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
