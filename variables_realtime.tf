# Events within seconds, through EventBridge.

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
    condition     = alltrue([for pattern in coalesce(var.realtime_event_patterns, []) : try(length(jsondecode(pattern).source) > 0, false)])
    error_message = "realtime_event_patterns: each must name its source, such as {\"source\": [\"aws.iam\"]}; missing in: ${join(", ", [for i, pattern in coalesce(var.realtime_event_patterns, []) : "[${i}]" if !try(length(jsondecode(pattern).source) > 0, false)])}."
  }

  # Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
  validation {
    condition     = alltrue([for pattern in coalesce(var.realtime_event_patterns, []) : length(pattern) <= 2048])
    error_message = "realtime_event_patterns: EventBridge takes 2048 characters a pattern; longer: ${join(", ", [for i, pattern in coalesce(var.realtime_event_patterns, []) : "[${i}] with ${length(pattern)}" if length(pattern) > 2048])}."
  }
}
