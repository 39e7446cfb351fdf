module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"

  # Accounts that go to channels of their own.
  slack_app_configuration = [
    {
      accounts         = ["111111111111", "222222222222"]
      slack_channel_id = "C0PRODUCTION"
    },
    {
      accounts         = ["333333333333"]
      slack_channel_id = "C0SANDBOX00"
    },
  ]

  detection_rules = [
    {
      id         = "admin-policy-attached"
      title      = "AdministratorAccess was attached"
      severity   = "high"
      expression = "event.get('requestParameters.policyArn') == 'arn:aws:iam::aws:policy/AdministratorAccess'"
    },
  ]

  detection_ignore_rules = [
    {
      expression = "event.get('userIdentity.sessionContext.sessionIssuer.arn') == 'arn:aws:iam::111122223333:role/vulnerability-scanner'"
      reason     = "it tries everything, every night"
      expires    = "2099-12-31"
    },
  ]
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}
