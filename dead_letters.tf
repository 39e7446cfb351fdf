# The dead-letter target keeps asynchronous invocations and messages of the queue that failed for good.

locals {
  # With `create_dead_letter_queue` both are known, whatever is known of the target.
  create_dead_letter_queue = var.create_dead_letter_queue != null ? var.create_dead_letter_queue : local.given.dead_letter_target_arn == null
  # A queue's messages can only go to another queue, so a topic will not do for them.
  create_dead_letters         = var.create_dead_letter_queue != null ? var.create_dead_letter_queue : local.create_dead_letter_queue || var.enable_sqs_queue && local.dead_letter_target_is_topic
  dead_letter_target_is_topic = can(regex("^arn:[a-z-]+:sns:", local.given.dead_letter_target_arn))

  # EventBridge's events go to a queue of the module alone: a topic cannot take them, and another's queue would need a
  # policy that lets EventBridge send.
  dead_letter_rule_arns = concat(aws_cloudwatch_event_rule.log_files[*].arn, aws_cloudwatch_event_rule.realtime[*].arn, aws_cloudwatch_event_rule.restart_logging[*].arn)

  dead_letter_queue_arn  = local.create_dead_letters ? aws_sqs_queue.dead_letters[0].arn : local.given.dead_letter_target_arn
  dead_letter_target_arn = local.create_dead_letter_queue ? aws_sqs_queue.dead_letters[0].arn : local.given.dead_letter_target_arn
}

resource "aws_sqs_queue" "dead_letters" {
  count = local.create_dead_letters ? 1 : 0

  name                      = local.dead_letter_queue_name
  message_retention_seconds = 1209600 # 14 days, the longest there is
  sqs_managed_sse_enabled   = local.given.kms_key_arn == null ? true : null
  kms_master_key_id         = local.given.kms_key_arn
  tags                      = local.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

# EventBridge keeps there what it could not deliver.
resource "aws_sqs_queue_policy" "dead_letters" {
  count = local.create_dead_letters && (var.restart_logging || var.enable_realtime || var.enable_eventbridge_trigger) ? 1 : 0

  queue_url = aws_sqs_queue.dead_letters[0].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowEventBridge"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead_letters[0].arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.dead_letter_rule_arns }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}
