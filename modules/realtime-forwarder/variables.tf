variable "target_region" {
  description = "Region whose default bus receives the events: that of the function or the tripwire."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.target_region)) || (can(regex("^[a-z]{2,5}(-[a-z]+)+-[0-9]+$", var.target_region)))
    error_message = "target_region must be a region such as eu-west-1, not \"${var.target_region}\"."
  }
}

variable "target_event_bus_arn" {
  description = "ARN of another bus in that region, also of another account; null: the default bus of this account."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.target_event_bus_arn)) || (var.target_event_bus_arn == null ? true : can(regex("^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/.+$", var.target_event_bus_arn)))
    error_message = "target_event_bus_arn must be the ARN of a bus (arn:aws:events:REGION:ACCOUNT:event-bus/NAME), not \"${coalesce(var.target_event_bus_arn, "-")}\"."
  }
}

variable "event_patterns" {
  description = "Event patterns of the forwarded events, each as JSON; null: changes in IAM, CloudTrail, Organizations and similar services, and sign-ins."
  type        = list(string)
  default     = null

  validation {
    condition     = length(coalesce(var.event_patterns, ["-"])) > 0
    error_message = "event_patterns is empty, so nothing would be forwarded: give a pattern, or null for the default."
  }

  validation {
    condition     = alltrue([for pattern in coalesce(var.event_patterns, []) : can(keys(jsondecode(pattern)))])
    error_message = "event_patterns: each must be a JSON object; wrong: ${join(", ", [for i, pattern in coalesce(var.event_patterns, []) : "[${i}]" if !can(keys(jsondecode(pattern)))])}."
  }

  # Without a source it would carry whatever anybody puts on the bus.
  validation {
    condition     = alltrue([for pattern in coalesce(var.event_patterns, []) : can(jsondecode(pattern).source[0])])
    error_message = "event_patterns: each must list its sources, as in {\"source\": [\"aws.iam\"]}; missing in: ${join(", ", [for i, pattern in coalesce(var.event_patterns, []) : "[${i}]" if !can(jsondecode(pattern).source[0])])}."
  }

  # Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
  validation {
    condition     = alltrue([for pattern in coalesce(var.event_patterns, []) : length(pattern) <= 2048])
    error_message = "event_patterns: EventBridge takes 2048 characters a pattern; longer: ${join(", ", [for i, pattern in coalesce(var.event_patterns, []) : "[${i}] with ${length(pattern)}" if length(pattern) > 2048])}."
  }

  validation {
    condition     = !anytrue([for pattern in coalesce(var.event_patterns, []) : can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(pattern)))])
    error_message = "event_patterns: there is a Slack token or webhook in ${join(", ", [for i, pattern in coalesce(var.event_patterns, []) : "[${i}]" if can(regex("(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/", jsonencode(pattern)))])}, which plans would show: take it out."
  }
}

variable "name" {
  description = "Prefix of the names of everything that is created. Another instance in the same region needs another."
  type        = string
  default     = "cloudtrail-realtime-forwarder"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.name)) || (can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,39}$", var.name)))
    error_message = "name may have at most 40 letters, digits, hyphens and underscores, not \"${var.name}\"."
  }
}

variable "retry_hours" {
  description = "For how many hours EventBridge retries before it puts the event into the dead-letter queue."
  type        = number
  default     = 24
  nullable    = false

  validation {
    condition     = var.retry_hours >= 1 && var.retry_hours <= 24 && floor(var.retry_hours) == var.retry_hours
    error_message = "retry_hours must be a whole number from 1 to 24, not ${var.retry_hours}."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics of this region for the alarm on events that could not be forwarded."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])
    error_message = "alarm_topic_arns must be ARNs of SNS topics; wrong: ${join(", ", [for i, arn in var.alarm_topic_arns : "[${i}] = ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])}."
  }
}

variable "iam_role_permissions_boundary" {
  description = "ARN of the permissions boundary of the role that EventBridge assumes."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.iam_role_permissions_boundary)) || (var.iam_role_permissions_boundary == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$", var.iam_role_permissions_boundary)))
    error_message = "iam_role_permissions_boundary must be the ARN of a policy (arn:aws:iam::ACCOUNT:policy/NAME), or null, not ${jsonencode(var.iam_role_permissions_boundary)}."
  }
}

variable "tags" {
  description = "Tags on every resource that supports them."
  type        = map(string)
  default     = {}
  nullable    = false
}
