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

  has_bot       = local.token_given || local.given.slack_bot_token_ssm_parameter != null || local.given.slack_bot_token_secret_arn != null
  has_webhook   = local.webhook_given || local.given.slack_hook_url_ssm_parameter != null || local.given.slack_hook_url_secret_arn != null
  ssm_parameter = local.given.slack_bot_token_ssm_parameter == null ? local.given.slack_hook_url_ssm_parameter : local.given.slack_bot_token_ssm_parameter
  secret_arn    = local.given.slack_bot_token_secret_arn == null ? local.given.slack_hook_url_secret_arn : local.given.slack_bot_token_secret_arn

  secret = one(concat(
    [for given in [var.slack_bot_token, var.slack_hook_url] : given if nonsensitive(given != null)],
    data.aws_ssm_parameter.secret[*].value,
    data.aws_secretsmanager_secret_version.secret[*].secret_string,
  ))

  create_destination  = local.has_bot || local.has_webhook
  api_destination_arn = local.create_destination ? aws_cloudwatch_event_api_destination.slack[0].arn : local.given.api_destination_arn
}

resource "aws_cloudwatch_event_connection" "slack" {
  count = local.create_destination ? 1 : 0

  name               = local.given.name
  description        = "Notifies Slack of tampering with CloudTrail"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      # A webhook's address is its own secret, but a connection cannot do without a header.
      key   = local.has_bot ? "Authorization" : "X-Sent-By"
      value = local.has_bot ? "Bearer ${trimspace(local.secret)}" : local.given.name
    }
  }

  depends_on = [terraform_data.settings]
}

resource "aws_cloudwatch_event_api_destination" "slack" {
  count = local.create_destination ? 1 : 0

  name                = local.given.name
  description         = "Notifies Slack of tampering with CloudTrail"
  connection_arn      = aws_cloudwatch_event_connection.slack[0].arn
  http_method         = "POST"
  invocation_endpoint = local.has_bot ? "${local.given.slack_api_url}chat.postMessage" : trimspace(local.secret)
  # Slack takes about one message a second per channel; EventBridge holds back the others.
  invocation_rate_limit_per_second = 1
}
