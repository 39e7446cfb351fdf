# What is wrong in the whole of it, said before anything is made.

locals {
  secret_misplaced = anytrue(values(local.misplaced))

  ways_to_slack = compact([
    local.token_given ? "slack_bot_token" : "",
    local.given.slack_bot_token_ssm_parameter == null ? "" : "slack_bot_token_ssm_parameter",
    local.given.slack_bot_token_secret_arn == null ? "" : "slack_bot_token_secret_arn",
    local.webhook_given ? "slack_hook_url" : "",
    local.given.slack_hook_url_ssm_parameter == null ? "" : "slack_hook_url_ssm_parameter",
    local.given.slack_hook_url_secret_arn == null ? "" : "slack_hook_url_secret_arn",
    local.given.api_destination_arn == null ? "" : "api_destination_arn",
  ])
}

resource "terraform_data" "settings" {
  lifecycle {
    # Not validations of the variables, which print the value.
    precondition {
      condition     = !local.token_given || nonsensitive(sensitive(can(regex("^(xoxe[.])?xox[bp]-[!-~]+$", coalesce(var.slack_bot_token, "-")))))
      error_message = "slack_bot_token must be a bot's token, which begins with xoxb- (\"Bot User OAuth Token\" under \"OAuth & Permissions\" of your Slack app), with no spaces or line breaks around it."
    }

    precondition {
      condition     = !local.webhook_given || nonsensitive(sensitive(can(regex("^https://[!-~]+$", coalesce(var.slack_hook_url, "-"))) && (!can(regex("(?i)^https?://([a-z0-9-]+[.])*slack(-gov)?[.]com(:|/|$)", coalesce(var.slack_hook_url, "-"))) || can(regex("^https://hooks[.]slack(-gov)?[.]com/services/", coalesce(var.slack_hook_url, "-"))))))
      error_message = "slack_hook_url must be the https address of an incoming webhook (https://hooks.slack.com/services/…), with no spaces or line breaks around it."
    }

    precondition {
      condition     = !local.secret_misplaced
      error_message = "${join(", ", [for name, is_secret in local.misplaced : name if is_secret])} must be a name, an ID, an ARN or another setting, and no secret: there is a Slack token or webhook in it, which is not shown here. A token belongs into slack_bot_token, a webhook into slack_hook_url, or either into an SSM parameter or a secret, whose name or ARN is given here."
    }

    precondition {
      condition     = length(local.ways_to_slack) > 0
      error_message = "There is no way to Slack: give one of slack_bot_token_ssm_parameter, slack_bot_token_secret_arn, slack_bot_token (with slack_channel_id), slack_hook_url_ssm_parameter, slack_hook_url_secret_arn, slack_hook_url, or api_destination_arn."
    }

    precondition {
      condition     = length(local.ways_to_slack) < 2
      error_message = "There is more than one way to Slack: keep one of ${join(", ", local.ways_to_slack)}."
    }

    # In tests with plain mocks there is no region.
    precondition {
      condition     = data.aws_region.current.id != local.region || alltrue([for arn in compact(concat(var.alarm_topic_arns, [local.given.kms_key_arn, local.given.api_destination_arn])) : element(split(":", arn), 3) == local.region])
      error_message = "The tripwire is in ${local.region}, and alarm_topic_arns, kms_key_arn and api_destination_arn must be in its region: use ones of that region, or pass the module a provider of theirs."
    }

    precondition {
      condition     = !local.has_bot || local.given.slack_channel_id != null
      error_message = "The bot needs a channel: set slack_channel_id (such as C0123456789)."
    }

    precondition {
      condition     = !local.has_webhook || local.given.slack_channel_id == null
      error_message = "A webhook posts to a channel of its own: leave slack_channel_id out, or give the bot's token."
    }
  }
}
