# Monitoring of the function: alarms, the schedule of the check for missing log data, and the dashboard.

locals {
  # What is given is watched too; its name is the last part of its ARN. The keys are known when the ARN is not.
  # Not by the name that is known at plan: a first plan would then print the dashboard, some 250 lines of it.
  dead_letter_names = { for key, arn in {
    dead-letters       = local.create_dead_letters ? aws_sqs_queue.dead_letters[0].arn : local.given.dead_letter_target_arn
    failed-invocations = local.create_dead_letters && !local.create_dead_letter_queue ? local.given.dead_letter_target_arn : null
  } : key => reverse(split(":", coalesce(arn, "-")))[0] if key == "dead-letters" || local.create_dead_letters && !local.create_dead_letter_queue }
  dead_letter_metrics = { for key, name in local.dead_letter_names : key =>
    !local.dead_letter_target_is_topic || key == "dead-letters" && local.create_dead_letters
    ? { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimension = "QueueName", name = name }
    : { namespace = "AWS/SNS", metric = "NumberOfMessagesPublished", dimension = "TopicName", name = name }
  }

  rules_without_dead_letters = local.create_dead_letters ? {} : merge(
    var.enable_eventbridge_trigger ? { undelivered-log-files = "${local.short_name}-log-files" } : {},
    var.restart_logging ? { undelivered-restarts = local.restart_name } : {},
  )

  # Not a `check`: it would fail every `terraform test` of a caller without alarms.
  warnings = compact([
    length(var.alarm_topic_arns) > 0 ? "" : "alarm_topic_arns is empty, so there are no alarms: that the function fails, is throttled, leaves alerts undelivered or receives no log files is seen in its metrics alone.",
  ])

  alarms = merge(
    {
      errors = {
        description = "An invocation of ${local.given.function_name} failed: an alert may be undelivered. Its log says which; Lambda retries the invocation."
        namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = local.given.function_name }
      }
      throttles = {
        description = "Lambda refused to run ${local.given.function_name}: the account's or the function's concurrency is used up, and alerts are late."
        namespace   = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = local.given.function_name }
      }
      dead-letter-errors = {
        description = "Lambda could not send a failed invocation of ${local.given.function_name} to its dead-letter target, so its log files are lost to it: check the target, its policy and its key."
        namespace   = "AWS/Lambda", metric = "DeadLetterErrors", dimensions = { FunctionName = local.given.function_name }
      }
      dropped-events = {
        description = "Lambda dropped invocations of ${local.given.function_name} without running them, because they waited too long: raise the concurrency, or the age that lambda_maximum_event_age_seconds allows."
        namespace   = "AWS/Lambda", metric = "AsyncEventsDropped", dimensions = { FunctionName = local.given.function_name }
      }
      undelivered = {
        description = "An alert did not reach a destination it is routed to. The log of ${local.given.function_name} says which and why."
        namespace   = "CloudTrailToSlack", metric = "AlertsUndelivered", dimensions = { FunctionName = local.given.function_name }
      }
      rules-unusable = {
        description = "Rules of ${local.given.function_name} cannot be used as they are written: they are left out, or evaluated without the wrong part in them. Slack and the log say which and why; correct them and apply."
        namespace   = "CloudTrailToSlack", metric = "RulesUnusable", dimensions = { FunctionName = local.given.function_name }
      }
    },
    # Without a queue of the module EventBridge has none for what it cannot deliver. Events of realtime rules come again
    # with their log files; these do not.
    { for key, name in local.rules_without_dead_letters : key => {
      description = "EventBridge could not deliver events of the rule ${name}, and they are lost: check the target, its policy and its key."
      namespace   = "AWS/Events", metric = "FailedInvocations", dimensions = { RuleName = name }
    } },
    # Messages that wait longer than an hour: the function is not invoked, fails, or is too slow.
    !var.enable_sqs_queue ? {} : { queue-age = {
      description = "The oldest message in front of ${local.given.function_name} has waited for more than an hour: look at its errors, throttles and duration."
      namespace   = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = local.queue_name }
      threshold   = 3600, evaluation_periods = 3
    } },
    # Trail stopped, notification overwritten, key forbidden: whatever the cause, no log file comes any more.
    var.alarm_missing_log_data_hours == 0 ? {} : { missing-log-data = {
      description = "${local.given.function_name} has read no log file for ${var.alarm_missing_log_data_hours} hours. Check that the trail is logging, and that the bucket still notifies of new objects."
      namespace   = "CloudTrailToSlack", metric = "ObjectsRead", dimensions = { FunctionName = local.given.function_name }
      comparison  = "LessThanThreshold", threshold = 1, period = 3600, evaluation_periods = var.alarm_missing_log_data_hours, missing_data = "breaching"
    } },
    { for key, alarm in local.restart_alarms : "restart-logging-${key}" => merge(alarm, { dimensions = { FunctionName = local.restart_name }, period = 60 }) if var.restart_logging },
    { for key, target in local.dead_letter_metrics : key => {
      description = "${local.given.function_name} gave up on messages, which are in ${target.name}: fix the cause, then redrive them."
      namespace   = target.namespace, metric = target.metric, dimensions = { (target.dimension) = target.name }
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if length(var.alarm_topic_arns) > 0 }

  alarm_name          = "${local.given.function_name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.namespace == "AWS/SQS" ? "Maximum" : "Sum"
  comparison_operator = lookup(each.value, "comparison", "GreaterThanThreshold")
  threshold           = lookup(each.value, "threshold", 0)
  period              = lookup(each.value, "period", 300)
  evaluation_periods  = lookup(each.value, "evaluation_periods", 1)
  treat_missing_data  = lookup(each.value, "missing_data", "notBreaching")
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

# A schedule that has the function look for accounts and regions that have stopped delivering.

locals {
  # What is known of them is kept in the state table.
  watches_log_sources = var.enable_missing_log_data_alerts == null ? local.has_state_table : var.enable_missing_log_data_alerts
}

resource "aws_cloudwatch_event_rule" "missing_log_data" {
  count = local.watches_log_sources ? 1 : 0

  name                = "${local.short_name}-log-data-check"
  description         = "Has ${local.given.function_name} look for accounts and regions that have stopped delivering log files"
  schedule_expression = "rate(30 minutes)"
  tags                = local.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_target" "missing_log_data" {
  count = local.watches_log_sources ? 1 : 0

  rule      = aws_cloudwatch_event_rule.missing_log_data[0].name
  target_id = "function"
  arn       = aws_lambda_function.this.arn
  # As notifications.py reads it.
  input = jsonencode({ source = "cloudtrail-to-slack", detail-type = "Missing Log Data Check" })

  depends_on = [aws_lambda_permission.missing_log_data]
}

resource "aws_lambda_permission" "missing_log_data" {
  count = local.watches_log_sources ? 1 : 0

  statement_id   = "AllowExecutionFromMissingLogDataSchedule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.missing_log_data[0].arn
  source_account = local.account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}

# One page that shows what the function does.

locals {
  destination_names = concat(["slack_app", "slack_webhook", "sns"], keys(var.destinations))

  # Titles and metrics: namespace, name, then dimensions as CloudWatch writes them.
  dashboard_graphs = [
    { title = "Log files", metrics = [for name in ["ObjectsRead", "ObjectsSkipped", "ObjectsFailed", "ObjectsUnfinished", "ObjectsRemoved"] : ["CloudTrailToSlack", name, "FunctionName", local.given.function_name]] },
    { title = "Records", metrics = [for name in ["RecordsIn", "RecordsMatched", "RecordsIgnored", "RecordsFailed"] : ["CloudTrailToSlack", name, "FunctionName", local.given.function_name]] },
    { title = "Messages delivered", metrics = [for kind in local.destination_names : ["CloudTrailToSlack", "Delivered", "FunctionName", local.given.function_name, "Destination", kind]] },
    { title = "What went wrong", metrics = concat(
      [["CloudTrailToSlack", "AlertsUndelivered", "FunctionName", local.given.function_name], ["CloudTrailToSlack", "RuleErrors", "FunctionName", local.given.function_name], ["CloudTrailToSlack", "RulesUnusable", "FunctionName", local.given.function_name]],
      [for name in ["Errors", "Throttles"] : ["AWS/Lambda", name, "FunctionName", local.given.function_name]],
      [for target in values(local.dead_letter_metrics) : [target.namespace, target.metric, target.dimension, target.name]],
    ) },
    { title = "Duration of an invocation (longest, ms)", stat = "Maximum", metrics = [["AWS/Lambda", "Duration", "FunctionName", local.given.function_name]] },
    { title = "From event to delivery (95th percentile, s)", stat = "p95", metrics = [for kind in local.destination_names : ["CloudTrailToSlack", "DeliveryLatency", "FunctionName", local.given.function_name, "Destination", kind]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.create_dashboard ? 1 : 0

  dashboard_name = local.dashboard_name
  dashboard_body = jsonencode({
    widgets = [for i, graph in local.dashboard_graphs : {
      type   = "metric"
      x      = 12 * (i % 2)
      y      = 6 * floor(i / 2)
      width  = 12
      height = 6
      properties = {
        title   = graph.title
        metrics = graph.metrics
        region  = local.region
        stat    = lookup(graph, "stat", "Sum")
        period  = 300
        view    = "timeSeries"
      }
    }]
  })

  # A dashboard of the same name would be overwritten; a role is not.
  depends_on = [aws_iam_role.this]
}
