# Where to post: a bot's token, a webhook, or an API destination made elsewhere. Exactly one of the seven is given.

variable "slack_bot_token" {
  description = "Token of the Slack bot. It ends up in Terraform's state, as do the references below; `api_destination_arn` does not."
  type        = string
  default     = null
  sensitive   = true
}

variable "slack_bot_token_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the bot's token, read at plan."
  type        = string
  default     = null

  validation {
    condition     = var.slack_bot_token_ssm_parameter == null ? true : can(regex("^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/)?[a-zA-Z0-9_./-]+$", var.slack_bot_token_ssm_parameter))
    error_message = "slack_bot_token_ssm_parameter must be the name (/slack/token) or the ARN of an SSM parameter; it must not be the token itself."
  }
}

variable "slack_bot_token_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds the bot's token as plain text, read at plan."
  type        = string
  default     = null

  validation {
    condition     = var.slack_bot_token_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.slack_bot_token_secret_arn))
    error_message = "slack_bot_token_secret_arn must be the whole ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the token itself."
  }
}

variable "slack_hook_url" {
  description = "URL of an incoming webhook. It ends up in Terraform's state, as do the references below."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.slack_hook_url == null ? true : can(regex("^https://[!-~]+$", var.slack_hook_url))
    error_message = "slack_hook_url must be the address of a webhook: https://hooks.slack.com/services/…"
  }
}

variable "slack_hook_url_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the webhook's URL, read at plan."
  type        = string
  default     = null

  validation {
    condition     = var.slack_hook_url_ssm_parameter == null ? true : can(regex("^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/)?[a-zA-Z0-9_./-]+$", var.slack_hook_url_ssm_parameter))
    error_message = "slack_hook_url_ssm_parameter must be the name (/slack/webhook) or the ARN of an SSM parameter; it must not be the address itself."
  }
}

variable "slack_hook_url_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds the webhook's URL as plain text, read at plan."
  type        = string
  default     = null

  validation {
    condition     = var.slack_hook_url_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.slack_hook_url_secret_arn))
    error_message = "slack_hook_url_secret_arn must be the whole ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the address itself."
  }
}

variable "api_destination_arn" {
  description = "ARN of an API destination created elsewhere, so that this state contains no secret. With `slack_channel_id` it must be chat.postMessage, without it a webhook."
  type        = string
  default     = null

  validation {
    condition     = var.api_destination_arn == null ? true : can(regex("^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:api-destination/.+$", var.api_destination_arn))
    error_message = "api_destination_arn must be the ARN of an API destination (arn:aws:events:REGION:ACCOUNT:api-destination/NAME/ID), not \"${coalesce(var.api_destination_arn, "-")}\"."
  }
}

variable "slack_channel_id" {
  description = "Channel to which the bot posts; required with the bot, and not used by a webhook."
  type        = string
  default     = null

  validation {
    condition     = var.slack_channel_id == null ? true : can(regex("^[CDG][A-Z0-9]+$", var.slack_channel_id))
    error_message = "slack_channel_id must be the id of a channel (such as C0123456789), not its name: \"${coalesce(var.slack_channel_id, "-")}\"."
  }
}

variable "slack_api_url" {
  description = "Base of Slack's API (GovSlack: https://slack-gov.com/api/)."
  type        = string
  default     = "https://slack.com/api/"
  nullable    = false

  validation {
    condition     = can(regex("^https://[!-~]+/$", var.slack_api_url))
    error_message = "slack_api_url must be an https address that ends with a slash, such as https://slack-gov.com/api/, not \"${var.slack_api_url}\"."
  }
}
