# The role EventBridge takes on: it may invoke this one destination, and for these rules only.

locals {
  rule_arns = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.given.name}-*"

  # Source: Amazon EventBridge User Guide, "Cross-service confused deputy prevention".
  only_these_rules = {
    ArnLike      = { "aws:SourceArn" = local.rule_arns }
    StringEquals = { "aws:SourceAccount" = local.account_id }
  }
}

resource "aws_iam_role" "invoke" {
  # IAM is global: a tripwire of the same name in another region has a role of its own.
  name                 = "${local.given.name}-${local.region}"
  description          = "EventBridge posts to Slack: ${local.given.name}"
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

resource "aws_iam_role_policy" "invoke" {
  name = "post-to-slack"
  role = aws_iam_role.invoke.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["events:InvokeApiDestination"]
      Resource = [local.api_destination_arn]
    }]
  })
}
