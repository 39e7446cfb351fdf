# One rule for each kind of tampering, since a target has one sentence, and one for each kind of attempt
# to change and was refused. All on the default bus: AWS's own events arrive there and nowhere else.

locals {
  watched = { for name, group in local.groups : name => group if group.watched }

  succeeded = merge([for group in local.watched : {
    for name, kind in group.kinds : name => {
      pattern = jsonencode(merge(
        { eventSource = ["${group.source}.amazonaws.com"], eventName = kind.names, errorCode = [{ exists = false }] },
        jsondecode(group.condition),
      ))
      source  = group.source
      said    = "${kind.did} in account <account> at <time>."
      title   = "Someone ${kind.did} in account <account>."
      details = "<event> <object> in <region>, from <ip>, event ID <id>"
      paths   = { object = "$.detail.requestParameters.${kind.object}" }
    }
  }]...)

  refused = { for name, group in local.watched : "${name}-refused" => {
    pattern = jsonencode(merge(
      { eventSource = ["${group.source}.amazonaws.com"], eventName = flatten([for kind in group.kinds : kind.names]), errorCode = [{ exists = true }] },
      jsondecode(group.condition),
    ))
    source  = group.source
    said    = "tried to change ${group.what} in account <account> at <time>, and was refused: <error>."
    title   = "Someone tried to change ${group.what} in account <account>, and was refused."
    details = "<event> in <region>, from <ip>, event ID <id>"
    paths   = { error = "$.detail.errorCode" }
  } if var.report_refused_attempts }

  wires = merge(local.succeeded, local.refused)

  # Only AWS can put events with a source that begins with "aws.".
  patterns = { for name, wire in local.wires : name => jsonencode({
    source      = ["aws.${wire.source}"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail      = jsondecode(wire.pattern)
  }) }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.wires

  name          = "${local.given.name}-${each.key}"
  description   = "Tampering with CloudTrail or with what alerts of it: ${each.key}"
  event_pattern = local.patterns[each.key]
  tags          = var.tags

  depends_on = [aws_iam_role.invoke]

  lifecycle {
    # Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
    precondition {
      condition     = length(local.patterns[each.key]) <= 2048
      error_message = "The pattern of the rule ${each.key} has ${length(local.patterns[each.key])} characters, and EventBridge takes 2048: give fewer names or ARNs here, and the others to a second tripwire."
    }
  }
}

resource "aws_cloudwatch_event_target" "slack" {
  for_each = local.wires

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "slack"
  arn       = local.api_destination_arn
  role_arn  = aws_iam_role.invoke.arn

  input_transformer {
    input_paths    = merge(local.paths, each.value.paths)
    input_template = local.messages[each.key]
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600 * var.retry_hours
    maximum_retry_attempts       = 185 # the most there is: time decides
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  # What EventBridge may do must be settled before it does it.
  depends_on = [aws_iam_role_policy.invoke, aws_sqs_queue_policy.dead_letters]
}
