variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the bucket CloudTrail delivers to."
  type        = string
}

variable "organization_id" {
  description = "Id of the organisation, such as o-a1b2c3d4e5."
  type        = string
}

variable "cloudtrail_logs_kms_key_id" {
  description = "Alias, id or ARN of the key that encrypts the logs; empty: none."
  type        = string
  default     = ""
}

variable "slack_bot_token_ssm_parameter" {
  description = "Name of the SSM parameter that holds the bot's token."
  type        = string
  default     = "/cloudtrail-to-slack/slack-bot-token"
}

variable "default_slack_channel_id" {
  description = "Channel for accounts that no route names."
  type        = string
}
