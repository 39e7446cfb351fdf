# How the function is notified of log files:
#
#   bucket ──────────────────────────────┐
#   bucket ── fan-out topic ─────────────┤
#   bucket ── EventBridge rule ──────────┼──▶ function, or queue ──▶ function
#   trail ─── CloudTrail's own topic ────┘
#
# The bucket notifies of removed objects in the first three. CloudTrail's topic does not, so beside it the bucket notifies
# the function, or the queue, of those.

locals {
  bucket_events = concat(
    var.enable_cloudtrail_sns_topic ? [] : ["s3:ObjectCreated:*"],
    var.s3_removed_object_notification ? ["s3:ObjectRemoved:*"] : [],
  )
  bucket_notifies          = !var.enable_eventbridge_trigger && length(local.bucket_events) > 0
  bucket_notifies_topic    = local.bucket_notifies && var.enable_s3_sns_fanout
  bucket_notifies_queue    = local.bucket_notifies && !var.enable_s3_sns_fanout && var.enable_sqs_queue
  bucket_notifies_function = local.bucket_notifies && !var.enable_s3_sns_fanout && !var.enable_sqs_queue
  eventbridge_on           = var.enable_eventbridge_trigger || var.enable_eventbridge_notificaitons || var.enable_eventbridge_notifications

  create_fanout_topic = var.enable_s3_sns_fanout && var.create_s3_sns_fanout_topic
  fanout_topic_arn    = !var.enable_s3_sns_fanout ? null : var.create_s3_sns_fanout_topic ? aws_sns_topic.s3_notifications[0].arn : local.given.s3_sns_fanout_topic_arn
  # Each topic by a name that is known before apply.
  trigger_topics = merge(
    var.enable_s3_sns_fanout ? { fanout = local.fanout_topic_arn } : {},
    var.enable_cloudtrail_sns_topic ? { cloudtrail = local.given.cloudtrail_sns_topic_arn } : {},
  )
  trigger_topic_arns = values(local.trigger_topics)

  # S3 acts for the buckets of every account, so both this bucket and its owner are required.
  only_the_bucket = {
    ArnEquals    = { "aws:SourceArn" = local.bucket_arn }
    StringEquals = { "aws:SourceAccount" = local.bucket_account_id }
  }
}

# A bucket has one notification configuration in all.
resource "aws_s3_bucket_notification" "bucket_notification" {
  count = var.create_bucket_notification && (local.bucket_notifies || local.eventbridge_on) ? 1 : 0

  bucket      = local.given.cloudtrail_logs_s3_bucket_name
  eventbridge = local.eventbridge_on

  dynamic "lambda_function" {
    for_each = local.bucket_notifies_function ? [aws_lambda_function.this.arn] : []
    content {
      lambda_function_arn = lambda_function.value
      events              = local.bucket_events
      filter_prefix       = local.given.s3_notification_filter_prefix
      filter_suffix       = ".json.gz"
    }
  }

  dynamic "queue" {
    for_each = local.bucket_notifies_queue ? aws_sqs_queue.notifications[*].arn : []
    content {
      queue_arn     = queue.value
      events        = local.bucket_events
      filter_prefix = local.given.s3_notification_filter_prefix
      filter_suffix = ".json.gz"
    }
  }

  dynamic "topic" {
    for_each = local.bucket_notifies_topic ? [local.fanout_topic_arn] : []
    content {
      topic_arn     = topic.value
      events        = local.bucket_events
      filter_prefix = local.given.s3_notification_filter_prefix
      filter_suffix = ".json.gz"
    }
  }

  # S3 tries each target when it is configured.
  depends_on = [aws_lambda_permission.s3, aws_sqs_queue_policy.notifications, aws_sns_topic_policy.s3_notifications]
}

resource "aws_lambda_permission" "s3" {
  count = local.bucket_notifies_function ? 1 : 0

  statement_id   = "AllowExecutionFromS3Bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = local.bucket_arn
  source_account = local.bucket_account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}

# The topic between bucket and function.

resource "aws_sns_topic" "s3_notifications" {
  count = local.create_fanout_topic ? 1 : 0

  name = local.fanout_topic_name
  # Not AWS's own key: its policy lets no bucket publish.
  kms_master_key_id = local.given.kms_key_arn
  tags              = local.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_sns_topic_policy" "s3_notifications" {
  count = local.create_fanout_topic ? 1 : 0

  arn = aws_sns_topic.s3_notifications[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowS3"
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.s3_notifications[0].arn
      Principal = { Service = "s3.amazonaws.com" }
      Condition = local.only_the_bucket
    }]
  })
}

# The function or the queue at a topic: the fan-out's or CloudTrail's own.

resource "aws_sns_topic_subscription" "trigger" {
  for_each = local.trigger_topics

  topic_arn = each.value
  protocol  = var.enable_sqs_queue ? "sqs" : "lambda"
  endpoint  = var.enable_sqs_queue ? aws_sqs_queue.notifications[0].arn : aws_lambda_function.this.arn
  # With SNS' envelope around it a message cannot pass for a single event from EventBridge in the same queue.
  raw_message_delivery = var.enable_sqs_queue ? false : null

  depends_on = [aws_lambda_permission.sns, aws_sqs_queue_policy.notifications]
}

resource "aws_lambda_permission" "sns" {
  for_each = { for name, arn in local.trigger_topics : name => arn if !var.enable_sqs_queue }

  # The fan-out topic's permission has the name that it had in the earlier module, so it is not replaced.
  statement_id  = each.key == "fanout" ? "AllowExecutionFromSNS" : "AllowExecutionFromSNS-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = each.value

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}

# EventBridge: the bucket sends it everything, the rule takes the log files.

resource "aws_cloudwatch_event_rule" "log_files" {
  count = var.enable_eventbridge_trigger ? 1 : 0

  name        = "${local.short_name}-log-files"
  description = "Log files that arrive in or are removed from ${local.given.cloudtrail_logs_s3_bucket_name}"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = var.s3_removed_object_notification ? ["Object Created", "Object Deleted"] : ["Object Created"]
    detail = merge(
      { bucket = { name = [local.given.cloudtrail_logs_s3_bucket_name] } },
      local.given.s3_notification_filter_prefix == "" ? {} : { object = { key = [{ prefix = local.given.s3_notification_filter_prefix }] } },
    )
  })

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_target" "log_files" {
  count = var.enable_eventbridge_trigger ? 1 : 0

  rule      = aws_cloudwatch_event_rule.log_files[0].name
  target_id = "function"
  arn       = var.enable_sqs_queue ? aws_sqs_queue.notifications[0].arn : aws_lambda_function.this.arn

  dynamic "dead_letter_config" {
    for_each = local.create_dead_letters ? aws_sqs_queue.dead_letters[*].arn : []
    content {
      arn = dead_letter_config.value
    }
  }

  depends_on = [aws_lambda_permission.eventbridge, aws_sqs_queue_policy.notifications, aws_sqs_queue_policy.dead_letters]
}

resource "aws_lambda_permission" "eventbridge" {
  count = var.enable_eventbridge_trigger && !var.enable_sqs_queue ? 1 : 0

  statement_id   = "AllowExecutionFromEventBridge"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.log_files[0].arn
  source_account = local.account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}

# The queue in front of the function: log files that arrive together wait in it, and only failed messages are retried.

locals {
  # Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS": six times the function's timeout.
  queue_visibility_seconds = min(6 * var.lambda_timeout_seconds, 43200)

  queue_senders = {
    AllowS3 = !local.bucket_notifies_queue ? null : {
      Principal = { Service = "s3.amazonaws.com" }
      Condition = local.only_the_bucket
    }
    AllowSNS = length(local.trigger_topic_arns) == 0 ? null : {
      Principal = { Service = "sns.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = local.trigger_topic_arns } }
    }
    AllowEventBridge = !var.enable_eventbridge_trigger && !var.enable_realtime ? null : {
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnEquals    = { "aws:SourceArn" = concat(aws_cloudwatch_event_rule.log_files[*].arn, aws_cloudwatch_event_rule.realtime[*].arn) }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }
  }
}

resource "aws_sqs_queue" "notifications" {
  count = var.enable_sqs_queue ? 1 : 0

  name                       = local.queue_name
  visibility_timeout_seconds = local.queue_visibility_seconds
  message_retention_seconds  = 1209600 # 14 days, the longest there is
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = local.given.kms_key_arn == null ? true : null
  kms_master_key_id          = local.given.kms_key_arn
  tags                       = local.tags

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
      # recognizes those from roles itself.
      [for sid in ["DenyUsers"] : {
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
  tags                    = local.tags

  dynamic "scaling_config" {
    for_each = var.sqs_maximum_concurrency == null ? [] : [var.sqs_maximum_concurrency]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}

# What the bucket's notification must contain, where its owner or another configuration manages it.

locals {
  notification_filter = { Key = { FilterRules = concat(
    local.given.s3_notification_filter_prefix == "" ? [] : [{ Name = "prefix", Value = local.given.s3_notification_filter_prefix }],
    [{ Name = "suffix", Value = ".json.gz" }],
  ) } }
  notification_common = { Id = local.given.function_name, Events = local.bucket_events, Filter = local.notification_filter }
  bucket_notification = merge(
    !local.bucket_notifies_function ? {} : {
      LambdaFunctionConfigurations = [merge(local.notification_common, { LambdaFunctionArn = aws_lambda_function.this.arn })]
    },
    !local.bucket_notifies_queue ? {} : {
      QueueConfigurations = [merge(local.notification_common, { QueueArn = one(aws_sqs_queue.notifications[*].arn) })]
    },
    !local.bucket_notifies_topic ? {} : {
      TopicConfigurations = [merge(local.notification_common, { TopicArn = local.fanout_topic_arn })]
    },
    !local.eventbridge_on ? {} : { EventBridgeConfiguration = {} },
  )
}
