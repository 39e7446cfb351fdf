module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"

  enable_sqs_queue        = true
  sqs_maximum_concurrency = 5

  lambda_memory_size     = 512
  lambda_timeout_seconds = 120

  alarm_topic_arns = [aws_sns_topic.alarms.arn]
  create_dashboard = true
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot use AWS's own key, and an alarm contains nothing secret; production may give it a key.
  name = "cloudtrail-to-slack-alarms"
}

# CloudWatch cannot use the key "alias/aws/sns", so the topic has none; give it a key of your own that lets it.
resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

data "aws_caller_identity" "current" {}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "sqs_queue_url" {
  description = "Address of the queue before the function."
  value       = module.cloudtrail_to_slack.sqs_queue_url
}
