# A token or a webhook that was put into a variable for something else is used nowhere and shown nowhere. A validation of
# the variable would print its value with the error, so validations let it pass, and a precondition refuses it.

locals {
  # As in the validations, in which no local value may stand before Terraform 1.9.
  secret_pattern = "(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B"

  # The variables that are one string, and what a plan that is going to fail uses in place of a secret.
  strings = {
    name                          = [var.name, "cloudtrail-tripwire"]
    kms_key_arn                   = [var.kms_key_arn, "arn:aws:kms:us-east-1:000000000000:key/key"]
    iam_role_permissions_boundary = [var.iam_role_permissions_boundary, null]
    slack_bot_token_ssm_parameter = [var.slack_bot_token_ssm_parameter, null]
    slack_bot_token_secret_arn    = [var.slack_bot_token_secret_arn, null]
    slack_hook_url_ssm_parameter  = [var.slack_hook_url_ssm_parameter, null]
    slack_hook_url_secret_arn     = [var.slack_hook_url_secret_arn, null]
    slack_channel_id              = [var.slack_channel_id, null]
    slack_api_url                 = [var.slack_api_url, "https://slack.com/api/"]
    api_destination_arn           = [var.api_destination_arn, null]
  }
  misplaced = { for name, pair in local.strings : name => can(regex(local.secret_pattern, pair[0])) }
  given     = { for name, pair in local.strings : name => local.misplaced[name] ? pair[1] : pair[0] }
}
