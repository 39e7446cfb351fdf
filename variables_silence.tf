# Accounts and regions that stop delivering log objects.

variable "enable_silence_alarm" {
  description = "Report each account and region that used to deliver log files and has stopped; null: if there is a state table."
  type        = bool
  default     = null
}

variable "silence_alarm_minimum_hours" {
  description = "Hours without a log file that are never reported, 2 to 168."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.silence_alarm_minimum_hours >= 2 && var.silence_alarm_minimum_hours <= 168 && floor(var.silence_alarm_minimum_hours) == var.silence_alarm_minimum_hours
    error_message = "silence_alarm_minimum_hours must be a whole number of hours from 2 to 168, not ${var.silence_alarm_minimum_hours}."
  }
}
