# Events that could not be forwarded are kept in this region, and the alarm reports them.

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.given.name}-dead-letters"
  message_retention_seconds = 1209600 # 14 days, the longest there is
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  # What has the same name already is found at the role, before anything of another's is taken over.
  depends_on = [aws_iam_role.forward]
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
  alarm_description   = "Events of ${local.region} could not be forwarded to ${local.given.target_region}. They are in the queue ${aws_sqs_queue.dead_letters.name}; each message's attributes say why."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}
