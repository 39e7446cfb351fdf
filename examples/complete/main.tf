data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  # The provider's version 6 calls `name` deprecated in favor of `region`, which 5 does not have; both have `id`.
  region    = data.aws_region.current.id
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account_id}:trail/${var.name}"
}

module "cloudtrail_to_slack" {
  source = "../../"

  function_name = var.name

  # This bucket is new. The notification configuration of another would be replaced: see docs/deployment.md, "A bucket
  # that has notifications already".
  cloudtrail_logs_s3_bucket_name = aws_s3_bucket.logs.id
  cloudtrail_logs_kms_key_id     = aws_kms_key.logs.arn

  slack_bot_token_secret_arn = aws_secretsmanager_secret.bot_token.arn
  default_slack_channel_id   = var.slack_channel_id

  sns_configuration       = [{ accounts = [local.account_id], sns_topic_arn = aws_sns_topic.alerts.arn }]
  sns_topic_subscriptions = { archive = { protocol = "sqs", endpoint = aws_sqs_queue.archive.arn } }

  detection_rules = [{
    id         = "security-group-opened"
    title      = "Security group opened"
    severity   = "high"
    expression = "event.get('eventName') == 'AuthorizeSecurityGroupIngress' and '0.0.0.0/0' in str(event)"
  }]

  dead_letter_target_arn   = aws_sqs_queue.failed.arn
  create_dead_letter_queue = false
  enable_sqs_queue         = true
  alarm_topic_arns         = [aws_sns_topic.on_call.arn]
  create_dashboard         = true
}

# The trail, with a bucket and a key of its own.

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:The bucket notifies the function, so the trail needs no topic.
  #checkov:skip=CKV2_AWS_10:The function reads the log files, so they need not go to CloudWatch Logs too.
  name                          = var.name
  s3_bucket_name                = aws_s3_bucket.logs.id
  kms_key_id                    = aws_kms_key.logs.arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true

  depends_on = [aws_s3_bucket_policy.logs, module.cloudtrail_to_slack]
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:Access to the log files is in the trail itself, with data events.
  #checkov:skip=CKV_AWS_144:Copies in another region are a matter of your own.
  #checkov:skip=CKV2_AWS_62:The module makes the bucket's notification.
  #checkov:skip=CKV2_AWS_61:How long log files are kept is a matter of your own.
  bucket_prefix = "${var.name}-logs-"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.logs.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Source: AWS CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail".
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "CloudTrailChecksTheBucket"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.logs.arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
      {
        Sid       = "CloudTrailWritesLogFiles"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/AWSLogs/${local.account_id}/*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn, "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.logs]
}

# Source: AWS CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".
resource "aws_kms_key" "logs" {
  description         = "Log files of the trail ${var.name}"
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "CloudTrailEncrypts"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = ["kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
    ]
  })
}

# The bot's token is put into it by hand, and so stays out of the state.
resource "aws_secretsmanager_secret" "bot_token" {
  #checkov:skip=CKV2_AWS_57:Slack's bot tokens do not expire.
  #checkov:skip=CKV_AWS_149:AWS's own key encrypts it; another needs additional_kms_key_arns.
  name        = "${var.name}/bot-token"
  description = "Token of the Slack bot"
}

# Where alerts go, and who is called when the function itself fails.

resource "aws_sns_topic" "alerts" {
  name              = "${var.name}-alerts"
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_sqs_queue" "archive" {
  name                    = "${var.name}-archive"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "archive" {
  queue_url = aws_sqs_queue.archive.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.archive.arn
      Condition = { ArnEquals = { "aws:SourceArn" = module.cloudtrail_to_slack.sns_topic_arn } }
    }]
  })
}

resource "aws_sns_topic" "on_call" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot use AWS's own key, and an alarm contains nothing secret; production may give it a key.
  name = "${var.name}-on-call"
}

resource "aws_sns_topic_policy" "on_call" {
  arn = aws_sns_topic.on_call.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.on_call.arn
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}
