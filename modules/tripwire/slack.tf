# The way to Slack: a connection that holds the secret, and an API destination that posts.

data "aws_ssm_parameter" "secret" {
  count           = local.ssm_parameter == null ? 0 : 1
  name            = local.ssm_parameter
  with_decryption = true
}

data "aws_secretsmanager_secret_version" "secret" {
  count     = local.secret_arn == null ? 0 : 1
  secret_id = local.secret_arn
}

locals {
  # Only whether they are given is no secret.
  token_given   = nonsensitive(var.slack_bot_token != null)
  webhook_given = nonsensitive(var.slack_hook_url != null)

  has_bot       = local.token_given || local.slack_bot_token_ssm_parameter != null || local.slack_bot_token_secret_arn != null
  has_webhook   = local.webhook_given || local.slack_hook_url_ssm_parameter != null || local.slack_hook_url_secret_arn != null
  ssm_parameter = local.slack_bot_token_ssm_parameter == null ? local.slack_hook_url_ssm_parameter : local.slack_bot_token_ssm_parameter
  secret_arn    = local.slack_bot_token_secret_arn == null ? local.slack_hook_url_secret_arn : local.slack_bot_token_secret_arn

  secret = one(concat(
    [for given in [var.slack_bot_token, var.slack_hook_url] : given if nonsensitive(given != null)],
    data.aws_ssm_parameter.secret[*].value,
    data.aws_secretsmanager_secret_version.secret[*].secret_string,
  ))

  create_destination  = local.has_bot || local.has_webhook
  api_destination_arn = local.create_destination ? aws_cloudwatch_event_api_destination.slack[0].arn : local.given_api_destination_arn
}

resource "aws_cloudwatch_event_connection" "slack" {
  count = local.create_destination ? 1 : 0

  name               = var.name
  description        = "Notifies Slack of tampering with CloudTrail"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      # A webhook's address is its own secret, but a connection cannot do without a header.
      key   = local.has_bot ? "Authorization" : "X-Sent-By"
      value = local.has_bot ? "Bearer ${trimspace(local.secret)}" : var.name
    }
  }

  depends_on = [terraform_data.settings]
}

resource "aws_cloudwatch_event_api_destination" "slack" {
  count = local.create_destination ? 1 : 0

  name                = var.name
  description         = "Notifies Slack of tampering with CloudTrail"
  connection_arn      = aws_cloudwatch_event_connection.slack[0].arn
  http_method         = "POST"
  invocation_endpoint = local.has_bot ? "${local.slack_api_url}chat.postMessage" : trimspace(local.secret)
  # Slack takes about one message a second per channel; EventBridge holds back the others.
  invocation_rate_limit_per_second = 1
}

# A token or a webhook that was put into a wrong variable is not used, and is shown nowhere: a validation of the variable
# would show its value with the error, and so would the plan, so both leave it to a precondition.
locals {
  misplaced = { for name, value in {
    slack_bot_token_ssm_parameter = var.slack_bot_token_ssm_parameter
    slack_bot_token_secret_arn    = var.slack_bot_token_secret_arn
    slack_hook_url_ssm_parameter  = var.slack_hook_url_ssm_parameter
    slack_hook_url_secret_arn     = var.slack_hook_url_secret_arn
    slack_channel_id              = var.slack_channel_id
    slack_api_url                 = var.slack_api_url
    api_destination_arn           = var.api_destination_arn
  } : name => can(regex("(?i)^/?(xox|xapp-)|xox[a-z]-[0-9]{6,}|(^|/)services/t[a-z0-9]+/b|hooks[.]slack", value)) }

  slack_bot_token_ssm_parameter = local.misplaced.slack_bot_token_ssm_parameter ? null : var.slack_bot_token_ssm_parameter
  slack_bot_token_secret_arn    = local.misplaced.slack_bot_token_secret_arn ? null : var.slack_bot_token_secret_arn
  slack_hook_url_ssm_parameter  = local.misplaced.slack_hook_url_ssm_parameter ? null : var.slack_hook_url_ssm_parameter
  slack_hook_url_secret_arn     = local.misplaced.slack_hook_url_secret_arn ? null : var.slack_hook_url_secret_arn
  slack_channel_id              = local.misplaced.slack_channel_id ? null : var.slack_channel_id
  slack_api_url                 = local.misplaced.slack_api_url ? "https://slack.com/api/" : var.slack_api_url
  given_api_destination_arn     = local.misplaced.api_destination_arn ? null : var.api_destination_arn
}
