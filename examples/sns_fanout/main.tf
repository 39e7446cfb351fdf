module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"

  enable_s3_sns_fanout     = true
  s3_sns_fanout_topic_name = "cloudtrail-log-files"
}

# Another subscriber.
resource "aws_sqs_queue" "listener" {
  name                    = "cloudtrail-log-files-listener"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "listener" {
  queue_url = aws_sqs_queue.listener.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.listener.arn
      Principal = { Service = "sns.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = module.cloudtrail_to_slack.s3_sns_fanout_topic_arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "listener" {
  topic_arn = module.cloudtrail_to_slack.s3_sns_fanout_topic_arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.listener.arn

  depends_on = [aws_sqs_queue_policy.listener]
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "s3_sns_fanout_topic_arn" {
  description = "ARN of the topic that others can subscribe to."
  value       = module.cloudtrail_to_slack.s3_sns_fanout_topic_arn
}
