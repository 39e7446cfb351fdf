# A schedule that has the function look for accounts and regions that have stopped delivering.

locals {
  # What is known of them is kept in the state table.
  watches_silence = var.enable_silence_alarm == null ? local.has_state_table : var.enable_silence_alarm
}

resource "aws_cloudwatch_event_rule" "silence" {
  count = local.watches_silence ? 1 : 0

  name                = "${var.function_name}-silence"
  description         = "Has ${var.function_name} look for accounts and regions that have stopped delivering log objects"
  schedule_expression = "rate(30 minutes)"
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_target" "silence" {
  count = local.watches_silence ? 1 : 0

  rule = aws_cloudwatch_event_rule.silence[0].name
  arn  = aws_lambda_function.this.arn
  # As notifications.py reads it.
  input = jsonencode({ source = "cloudtrail-to-slack", detail-type = "Silence Check" })

  depends_on = [aws_lambda_permission.silence]
}

resource "aws_lambda_permission" "silence" {
  count = local.watches_silence ? 1 : 0

  statement_id   = "AllowExecutionFromSilenceSchedule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.silence[0].arn
  source_account = local.account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}
