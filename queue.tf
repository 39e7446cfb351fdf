# The queue before the function: what arrives at once is worked off in peace, and only what failed is tried again.

locals {
  # Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS": six times the function's timeout.
  queue_visibility_seconds = min(6 * var.lambda_timeout_seconds, 43200)

  queue_senders = {
    s3 = !local.bucket_notifies_queue ? null : {
      Principal = { Service = "s3.amazonaws.com" }
      Condition = local.only_the_bucket
    }
    sns = length(local.trigger_topic_arns) == 0 ? null : {
      Principal = { Service = "sns.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = local.trigger_topic_arns } }
    }
    events = !var.enable_eventbridge_trigger && !var.enable_realtime ? null : {
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnEquals    = { "aws:SourceArn" = concat(aws_cloudwatch_event_rule.log_objects[*].arn, aws_cloudwatch_event_rule.realtime[*].arn) }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }
  }
}

resource "aws_sqs_queue" "notifications" {
  count = var.enable_sqs_queue ? 1 : 0

  name                       = "${var.function_name}-notifications"
  visibility_timeout_seconds = local.queue_visibility_seconds
  message_retention_seconds  = 1209600 # 14 days, the longest there is
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.dead_letter_queue_arn
    maxReceiveCount     = var.sqs_max_receive_count
  })

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_sqs_queue_policy" "notifications" {
  count = var.enable_sqs_queue ? 1 : 0

  queue_url = aws_sqs_queue.notifications[0].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, sender in local.queue_senders : merge(
        { Sid = sid, Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.notifications[0].arn }, sender,
      ) if sender != null],
      # Messages from IAM users look like those from AWS services, and only services may send single events. The function
      # recognises those from roles itself.
      [for sid in ["users"] : {
        Sid       = sid
        Effect    = "Deny"
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.notifications[0].arn
        Principal = "*"
        Condition = { StringEquals = { "aws:PrincipalType" = "User" } }
      } if var.enable_realtime],
    )
  })
}

resource "aws_lambda_event_source_mapping" "queue" {
  count = var.enable_sqs_queue ? 1 : 0

  event_source_arn        = aws_sqs_queue.notifications[0].arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = var.sqs_batch_size
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = var.sqs_maximum_concurrency == null ? [] : [var.sqs_maximum_concurrency]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
