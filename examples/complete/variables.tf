variable "name" {
  description = "Name of the trail and of the function, and what other names begin with."
  type        = string
  default     = "cloudtrail-to-slack"
}

variable "slack_channel_id" {
  description = "Channel for alerts."
  type        = string
  default     = "C0123456789"
}
