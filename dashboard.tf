# One page that shows what the function does.

locals {
  # Titles and metrics: namespace, name, then dimensions as CloudWatch writes them.
  dashboard_graphs = [
    { title = "Log objects", metrics = [for name in ["ObjectsRead", "ObjectsSkipped", "ObjectsFailed", "ObjectsUnfinished", "ObjectsRemoved"] : ["CloudTrailToSlack", name, "FunctionName", var.function_name]] },
    { title = "Records", metrics = [for name in ["RecordsIn", "RecordsMatched", "RecordsIgnored", "RecordsFailed"] : ["CloudTrailToSlack", name, "FunctionName", var.function_name]] },
    { title = "Messages delivered", metrics = [for kind in ["slack_app", "slack_webhook", "sns"] : ["CloudTrailToSlack", "Delivered", "FunctionName", var.function_name, "Destination", kind]] },
    { title = "What went wrong", metrics = concat(
      [["CloudTrailToSlack", "AlertsUndelivered", "FunctionName", var.function_name], ["CloudTrailToSlack", "RuleErrors", "FunctionName", var.function_name], ["CloudTrailToSlack", "RulesUnusable", "FunctionName", var.function_name]],
      [for name in ["Errors", "Throttles"] : ["AWS/Lambda", name, "FunctionName", var.function_name]],
      [for name in local.dead_letter_queue_names : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]],
    ) },
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
        stat    = "Sum"
        period  = 300
        view    = "timeSeries"
      }
    }]
  })

  # A dashboard of the same name would be overwritten; a role is not.
  depends_on = [aws_iam_role.this]
}
