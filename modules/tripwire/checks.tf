# What is wrong in the whole of it, said before anything is made.

locals {
  ways_to_slack = compact([
    local.token_given ? "slack_bot_token" : "",
    var.slack_bot_token_ssm_parameter == null ? "" : "slack_bot_token_ssm_parameter",
    var.slack_bot_token_secret_arn == null ? "" : "slack_bot_token_secret_arn",
    local.webhook_given ? "slack_hook_url" : "",
    var.slack_hook_url_ssm_parameter == null ? "" : "slack_hook_url_ssm_parameter",
    var.slack_hook_url_secret_arn == null ? "" : "slack_hook_url_secret_arn",
    var.api_destination_arn == null ? "" : "api_destination_arn",
  ])
}

resource "terraform_data" "settings" {
  lifecycle {
    precondition {
      condition     = length(local.ways_to_slack) > 0
      error_message = "There is no way to Slack: give one of slack_bot_token_ssm_parameter, slack_bot_token_secret_arn, slack_bot_token (with slack_channel_id), slack_hook_url_ssm_parameter, slack_hook_url_secret_arn, slack_hook_url, or api_destination_arn."
    }

    precondition {
      condition     = length(local.ways_to_slack) < 2
      error_message = "There is more than one way to Slack: keep one of ${join(", ", local.ways_to_slack)}."
    }

    precondition {
      condition     = !local.has_bot || var.slack_channel_id != null
      error_message = "The bot needs a channel: set slack_channel_id (such as C0123456789)."
    }

    precondition {
      condition     = !local.has_webhook || var.slack_channel_id == null
      error_message = "A webhook posts to a channel of its own: leave slack_channel_id out, or give the bot's token."
    }
  }
}
