# Events that could not be posted are kept, and the alarm reports them.

locals {
  dead_letter_queue_name = "${local.given.name}-dead-letters"

  own_key_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowEventBridge"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
      Condition = local.only_these_rules
    }]
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letter_queue_name
  message_retention_seconds = 1209600 # 14 days, the longest there is
  sqs_managed_sse_enabled   = local.given.kms_key_arn == null ? true : null
  kms_master_key_id         = local.given.kms_key_arn
  tags                      = var.tags

  # What has the same name already is found at the role, before anything of another's is taken over.
  depends_on = [aws_iam_role.invoke]
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowEventBridge"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead_letters.arn
      Condition = local.only_these_rules
    }]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count = length(var.alarm_topic_arns) == 0 ? 0 : 1

  alarm_name          = "${local.given.name}-dead-letters"
  alarm_description   = "A message about tampering with CloudTrail did not reach Slack. The events are in the queue ${local.dead_letter_queue_name}; each message's attributes say why."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = local.dead_letter_queue_name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}
