variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the bucket CloudTrail delivers to."
  type        = string
}

variable "cloudtrail_logs_s3_bucket_account_id" {
  description = "Account that owns the bucket."
  type        = string
}

variable "cloudtrail_logs_kms_key_arn" {
  description = "ARN of the key that encrypts the logs; empty: none."
  type        = string
  default     = ""
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
