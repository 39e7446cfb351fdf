variable "default_slack_channel_id" {
  description = "Channel for accounts that have none of their own."
  type        = string
  default     = "C0123456789"
}

variable "slack_channels" {
  description = "Accounts that go to channels of their own."
  type = list(object({
    accounts         = list(string)
    slack_channel_id = string
  }))
  default = [
    { accounts = ["111111111111", "222222222222"], slack_channel_id = "C0PRODUCTION" },
    { accounts = ["333333333333"], slack_channel_id = "C0SANDBOX00" },
  ]
}
