module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  # Used for all accounts without a topic of their own.
  aws_sns_topic_subscriptions = {
    "soc@example.com" = "email"
  }

  sns_configuration = [
    {
      accounts      = ["111111111111"]
      sns_topic_arn = aws_sns_topic.production.arn
    },
  ]
}

resource "aws_sns_topic" "production" {
  name              = "production-alerts"
  kms_master_key_id = "alias/aws/sns"
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "sns_topic_arn" {
  description = "ARN of the topic that was made."
  value       = module.cloudtrail_to_slack.sns_topic_arn
}

output "production_topic_arn" {
  description = "ARN of the topic of the production account."
  value       = aws_sns_topic.production.arn
}
