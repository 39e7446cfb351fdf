# What somebody else must set, as outputs ready to paste.

locals {
  notification_filter = { Key = { FilterRules = concat(
    var.s3_notification_filter_prefix == "" ? [] : [{ Name = "prefix", Value = var.s3_notification_filter_prefix }],
    [{ Name = "suffix", Value = ".json.gz" }],
  ) } }
  notification_common = { Id = var.function_name, Events = local.bucket_events, Filter = local.notification_filter }
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

  trail_bucket_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "CloudTrailToSlackReadsLogObjects${local.sid_ending}"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.this.arn }
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = "${local.bucket_arn}/${var.s3_notification_filter_prefix}*"
    }]
  }

  # In a key's policy "*" is that key.
  trail_key_policy = {
    Sid       = "CloudTrailToSlackDecryptsLogObjects${local.sid_ending}"
    Effect    = "Allow"
    Principal = { AWS = aws_iam_role.this.arn }
    Action    = "kms:Decrypt"
    Resource  = "*"
  }

  # The rules that send to a queue of this module.
  queue_rule_arns = concat(
    var.enable_sqs_queue ? concat(aws_cloudwatch_event_rule.log_objects[*].arn, aws_cloudwatch_event_rule.realtime[*].arn) : [],
    local.create_dead_letters ? aws_cloudwatch_event_rule.restart_logging[*].arn : [],
  )

  own_key_users = {
    # Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
    "logs.${local.region}.amazonaws.com" = {
      Action = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = [
        for name in concat([var.function_name], var.restart_logging ? [local.restart_name] : []) :
        "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${name}"
      ] } }
    }
    # Amazon S3 User Guide, "Configuring a bucket for notifications": to topics and queues that are encrypted.
    "s3.amazonaws.com" = !local.bucket_notifies || local.bucket_notifies_function ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = local.only_the_bucket
    }
    "sns.amazonaws.com" = !var.enable_sqs_queue || length(local.trigger_topic_arns) == 0 ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = { ArnEquals = { "aws:SourceArn" = local.trigger_topic_arns } }
    }
    "events.amazonaws.com" = length(local.queue_rule_arns) == 0 ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = { ArnEquals = { "aws:SourceArn" = local.queue_rule_arns } }
    }
  }
  own_key_policy = [for service, use in local.own_key_users : merge(
    { Sid = "CloudTrailToSlack${title(split(".", service)[0])}${local.sid_ending}", Effect = "Allow", Principal = { Service = service }, Resource = "*" }, use,
  ) if use != null]
}
