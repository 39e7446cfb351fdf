# Slack: a bot or webhooks, by account. A secret is given itself or, better, by where it is kept.

variable "slack_bot_token" {
  description = "Token of the Slack bot; with it the bot is used, and webhooks are not. It ends up in Terraform's state: prefer a reference."
  type        = string
  default     = null
  sensitive   = true
}

variable "slack_bot_token_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the bot's token."
  type        = string
  default     = null

  validation {
    condition     = var.slack_bot_token_ssm_parameter == null ? true : can(regex("^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/)?[a-zA-Z0-9_./-]+$", var.slack_bot_token_ssm_parameter))
    error_message = "slack_bot_token_ssm_parameter must be the name (/slack/token) or the ARN of an SSM parameter; it must not be the token itself."
  }
}

variable "slack_bot_token_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds the bot's token, as plain text."
  type        = string
  default     = null

  validation {
    condition     = var.slack_bot_token_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.slack_bot_token_secret_arn))
    error_message = "slack_bot_token_secret_arn must be the whole ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the token itself."
  }
}

variable "default_slack_channel_id" {
  description = "Channel for accounts that no route names; required with the bot."
  type        = string
  default     = null
}

variable "slack_app_configuration" {
  description = "Channels by account, for the bot. The first route that names an account applies."
  type = list(object({
    accounts         = list(string)
    slack_channel_id = string
  }))
  default = null

  validation {
    condition = alltrue([
      for route in coalesce(var.slack_app_configuration, []) :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex("^[0-9]{12}$", account))])
    ])
    error_message = "slack_app_configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for i, route in coalesce(var.slack_app_configuration, []) : "[${i}].accounts = ${jsonencode(route.accounts)}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex("^[0-9]{12}$", account))])])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.slack_app_configuration, []) : try(trimspace(route.slack_channel_id) != "", false)])
    error_message = "slack_app_configuration: every route must have a slack_channel_id (such as C0123456789); missing in: ${join(", ", [for i, route in coalesce(var.slack_app_configuration, []) : "[${i}]" if !try(trimspace(route.slack_channel_id) != "", false)])}."
  }
}

variable "default_slack_hook_url" {
  description = "Webhook for accounts that no route names. It ends up in Terraform's state: prefer a reference."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.default_slack_hook_url == null ? true : var.default_slack_hook_url == "" || can(regex("^https?://[!-~]+$", var.default_slack_hook_url))
    error_message = "default_slack_hook_url must be the address of a webhook: https://hooks.slack.com/services/…"
  }
}

variable "default_slack_hook_url_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the webhook for accounts that no route names."
  type        = string
  default     = null

  validation {
    condition     = var.default_slack_hook_url_ssm_parameter == null ? true : can(regex("^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/)?[a-zA-Z0-9_./-]+$", var.default_slack_hook_url_ssm_parameter))
    error_message = "default_slack_hook_url_ssm_parameter must be the name (/slack/webhook) or the ARN of an SSM parameter; it must not be the address itself."
  }
}

variable "default_slack_hook_url_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds that webhook, as plain text."
  type        = string
  default     = null

  validation {
    condition     = var.default_slack_hook_url_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.default_slack_hook_url_secret_arn))
    error_message = "default_slack_hook_url_secret_arn must be the whole ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the address itself."
  }
}

variable "configuration" {
  description = "Webhooks by account. The URLs end up in Terraform's state: prefer `slack_webhook_configuration`."
  type = list(object({
    accounts       = list(string)
    slack_hook_url = string
  }))
  default   = null
  sensitive = true

  # The list is sensitive: a message tells positions and accounts, never an address.
  validation {
    condition = alltrue([
      for route in coalesce(var.configuration, []) :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex("^[0-9]{12}$", account))])
    ])
    error_message = "configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", nonsensitive(sensitive([for i, route in coalesce(var.configuration, []) : "[${i}].accounts = ${jsonencode(route.accounts)}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex("^[0-9]{12}$", account))])])))}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.configuration, []) : can(regex("^https?://[!-~]+$", route.slack_hook_url))])
    error_message = "configuration: every slack_hook_url must be the address of a webhook (https://hooks.slack.com/services/…); wrong in: ${join(", ", nonsensitive(sensitive([for i, route in coalesce(var.configuration, []) : "[${i}]" if !can(regex("^https?://[!-~]+$", route.slack_hook_url))])))}."
  }
}

variable "slack_webhook_configuration" {
  description = "Webhooks by account, as references: the name or ARN of an SSM parameter, or the ARN of a Secrets Manager secret."
  type = list(object({
    accounts                     = list(string)
    slack_hook_url_ssm_parameter = optional(string)
    slack_hook_url_secret_arn    = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex("^[0-9]{12}$", account))])
    ])
    error_message = "slack_webhook_configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for i, route in var.slack_webhook_configuration : "[${i}].accounts = ${jsonencode(route.accounts)}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex("^[0-9]{12}$", account))])])}."
  }

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration :
      (route.slack_hook_url_ssm_parameter == null) != (route.slack_hook_url_secret_arn == null)
    ])
    error_message = "slack_webhook_configuration: every route must have either slack_hook_url_ssm_parameter or slack_hook_url_secret_arn; none or both in: ${join(", ", [for i, route in var.slack_webhook_configuration : "[${i}]" if(route.slack_hook_url_ssm_parameter == null) == (route.slack_hook_url_secret_arn == null)])}."
  }

  validation {
    condition = alltrue([
      for route in var.slack_webhook_configuration :
      (route.slack_hook_url_ssm_parameter == null || can(regex("^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/)?[a-zA-Z0-9_./-]+$", route.slack_hook_url_ssm_parameter))) &&
      (route.slack_hook_url_secret_arn == null || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", route.slack_hook_url_secret_arn)))
    ])
    error_message = "slack_webhook_configuration: slack_hook_url_ssm_parameter must be the name (/slack/webhook) or ARN of an SSM parameter, slack_hook_url_secret_arn the whole ARN of a secret; an address itself belongs into `configuration`."
  }
}

variable "slack_api_url" {
  description = "Base of Slack's API, if it is not https://slack.com/api/ (GovSlack: https://slack-gov.com/api/)."
  type        = string
  default     = null

  validation {
    condition     = var.slack_api_url == null ? true : can(regex("^https?://[!-~]+$", var.slack_api_url))
    error_message = "slack_api_url must be a web address such as https://slack-gov.com/api/, not \"${coalesce(var.slack_api_url, "-")}\"."
  }
}

variable "rule_evaluation_errors_to_slack" {
  description = "Report rules that raise an error."
  type        = bool
  default     = true
  nullable    = false
}
