# The addresses of these resources in the earlier module; see docs/migrating.md. The others have kept their names.

moved {
  from = module.lambda.aws_lambda_function.this[0]
  to   = aws_lambda_function.this
}

moved {
  from = module.lambda.aws_cloudwatch_log_group.lambda[0]
  to   = aws_cloudwatch_log_group.this
}

moved {
  from = module.lambda.aws_iam_role.lambda[0]
  to   = aws_iam_role.this[0]
}

# Its key has another name, so the table is replaced: removed, then made again under the same name.
moved {
  from = module.cloudtrail_to_slack_dynamodb_table[0].aws_dynamodb_table.this[0]
  to   = aws_dynamodb_table.state[0]
}

moved {
  from = aws_sns_topic_subscription.lambda[0]
  to   = aws_sns_topic_subscription.trigger["fanout"]
}

moved {
  from = aws_lambda_permission.sns[0]
  to   = aws_lambda_permission.sns["fanout"]
}
