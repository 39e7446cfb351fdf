# The topic that alerts are published to, when subscriptions are given and no topic.

resource "aws_sns_topic" "events_to_sns" {
  count = local.create_alerts_topic ? 1 : 0

  name              = local.alerts_topic_name
  kms_master_key_id = coalesce(local.given.kms_key_arn, "alias/aws/sns")
  tags              = local.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_sns_topic_subscription" "events_to_sns" {
  for_each = !local.create_alerts_topic ? {} : merge(
    { for endpoint, protocol in var.aws_sns_topic_subscriptions : endpoint => { protocol = protocol, endpoint = endpoint } },
    var.sns_topic_subscriptions,
  )

  topic_arn = aws_sns_topic.events_to_sns[0].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}
