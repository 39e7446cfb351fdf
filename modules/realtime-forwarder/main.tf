# Rules that forward events of this region to the bus of another, unchanged: they keep their region and account.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # In tests with plain mocks (`mock_provider "aws" {}`) these are random strings, which the provider refuses in an ARN.
  account_id = can(regex("^[0-9]{12}$", data.aws_caller_identity.current.account_id)) ? data.aws_caller_identity.current.account_id : "000000000000"
  partition  = can(regex("^aws(-[a-z]+)*$", data.aws_partition.current.partition)) ? data.aws_partition.current.partition : "aws"
  region     = can(regex("^[a-z]+(-[a-z]+)+-[0-9]+$", data.aws_region.current.id)) ? data.aws_region.current.id : "us-east-1"
  target_arn = coalesce(local.given.target_event_bus_arn, "arn:${local.partition}:events:${local.given.target_region}:${local.account_id}:event-bus/default")

  # EventBridge leaves calls that only read out by itself, as long as a rule does not ask for them.
  default_patterns = [
    jsonencode({
      source      = [for service in ["account", "cloudtrail", "config", "guardduty", "iam", "kms", "organizations", "securityhub", "sso", "sso-directory"] : "aws.${service}"]
      detail-type = [{ suffix = " via CloudTrail" }]
    }),
    jsonencode({
      source      = ["aws.signin"]
      detail-type = [{ suffix = " via CloudTrail" }]
    }),
  ]
  patterns = var.event_patterns == null ? local.default_patterns : var.event_patterns

  rule_arns = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.given.name}-*"

  # Source: Amazon EventBridge User Guide, "Cross-service confused deputy prevention".
  only_these_rules = {
    ArnLike      = { "aws:SourceArn" = local.rule_arns }
    StringEquals = { "aws:SourceAccount" = local.account_id }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  count = length(local.patterns)

  name          = "${local.given.name}-${count.index + 1}"
  description   = "Forwards events to ${local.given.target_region}"
  event_pattern = local.patterns[count.index]
  tags          = var.tags

  depends_on = [aws_iam_role.forward]

  lifecycle {
    precondition {
      condition     = !anytrue(values(local.misplaced))
      error_message = "${join(", ", [for name, is_secret in local.misplaced : name if is_secret])} must be a name, an ARN or another setting, and no secret: there is a Slack token or webhook in it, which is not shown here."
    }

    # In tests with plain mocks there is no region.
    precondition {
      condition     = data.aws_region.current.id != local.region || alltrue([for arn in var.alarm_topic_arns : element(split(":", arn), 3) == local.region])
      error_message = "The forwarder is in ${local.region}, and a CloudWatch alarm notifies topics of its own region alone: give alarm_topic_arns of that region."
    }

    # An event that is forwarded to its own bus would match again.
    precondition {
      condition     = local.region != element(split(":", local.target_arn), 3)
      error_message = "This region, ${local.region}, is the target itself: give the module a provider of another region, or another target_region."
    }

    precondition {
      condition     = local.given.target_region == element(split(":", local.target_arn), 3)
      error_message = "target_event_bus_arn is not in target_region, ${local.given.target_region}."
    }
  }
}

resource "aws_cloudwatch_event_target" "bus" {
  count = length(local.patterns)

  rule      = aws_cloudwatch_event_rule.this[count.index].name
  target_id = "bus"
  arn       = local.target_arn
  role_arn  = aws_iam_role.forward.arn

  retry_policy {
    maximum_event_age_in_seconds = 3600 * var.retry_hours
    maximum_retry_attempts       = 185 # the most there is: time decides
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  # What EventBridge may do must be settled before it does it.
  depends_on = [aws_iam_role_policy.forward, aws_sqs_queue_policy.dead_letters]
}

resource "aws_iam_role" "forward" {
  # IAM is global, and there is one of these in each region.
  name                 = "${local.given.name}-${local.region}"
  description          = "EventBridge forwards events from ${local.region} to ${local.given.target_region}"
  permissions_boundary = local.given.iam_role_permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = local.only_these_rules
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  name = "forward-events"
  role = aws_iam_role.forward.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = [local.target_arn]
    }]
  })
}
