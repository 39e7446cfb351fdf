variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the bucket CloudTrail delivers to."
  type        = string
}

variable "slack_bot_token_ssm_parameter" {
  description = "Name of the SSM parameter that holds the bot's token."
  type        = string
  default     = "/cloudtrail-to-slack/slack-bot-token"
}

variable "default_slack_channel_id" {
  description = "Channel for all accounts."
  type        = string
}
