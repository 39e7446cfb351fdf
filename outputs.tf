output "lambda_function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "lambda_function_version" {
  description = "Version of the function that was published last; a change of rules publishes a new one."
  value       = aws_lambda_function.this.version
}

output "lambda_role_arn" {
  description = "ARN of the function's role."
  value       = local.role_arn
}

output "lambda_role_name" {
  description = "Name of the function's role."
  value       = local.role_name
}

output "lambda_role_policies" {
  description = "Policies that the function's role needs, each as JSON, to attach to a role given with `lambda_role_arn`: the first as an inline policy, any others as managed policies."
  value       = concat([local.role_policy], values(local.route_policies))
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "dynamodb_table_name" {
  description = "Name of the state table; null if there is none."
  value       = local.has_state_table ? local.table_name : null
}

output "dynamodb_table_arn" {
  description = "ARN of the state table; null if there is none."
  value       = local.has_state_table ? local.table_arn : null
}

output "sqs_queue_arn" {
  description = "ARN of the queue in front of the function; null without `enable_sqs_queue`."
  value       = one(aws_sqs_queue.notifications[*].arn)
}

output "sqs_queue_url" {
  description = "URL of the queue in front of the function; null without `enable_sqs_queue`."
  value       = one(aws_sqs_queue.notifications[*].url)
}

output "dead_letter_target_arn" {
  description = "ARN of the target that keeps failed invocations, created or given."
  value       = local.dead_letter_target_arn
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue, if the module created it."
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

output "event_rule_names" {
  description = "Names of all EventBridge rules of the module, for the tripwire to watch."
  value = concat(
    aws_cloudwatch_event_rule.log_files[*].name,
    aws_cloudwatch_event_rule.realtime[*].name,
    aws_cloudwatch_event_rule.missing_log_data[*].name,
    aws_cloudwatch_event_rule.restart_logging[*].name,
  )
}

output "sns_topic_arn" {
  description = "ARN of the topic for accounts that no route names, created or given; null if there is none."
  value       = local.default_topic_arn
}

output "s3_sns_fanout_topic_arn" {
  description = "ARN of the fan-out topic, created or given; null without `enable_s3_sns_fanout`."
  value       = local.fanout_topic_arn
}

output "s3_sns_fanout_topic_name" {
  description = "Name of the fan-out topic, if the module created it."
  value       = one(aws_sns_topic.s3_notifications[*].name)
}

output "realtime_event_patterns" {
  description = "Event patterns of the events that EventBridge delivers within seconds, each as JSON, also for rules in other regions; empty without `enable_realtime`."
  value       = local.realtime_event_patterns
}

output "rules_without_event_pattern" {
  description = "With derived patterns: rules whose events arrive with the log files alone, because no event pattern fits their conditions."
  value       = local.rules_without_event_pattern
}

output "rendered_config" {
  description = "The config.json that the function reads. It contains no secret."
  value       = local.config_json
}

output "bucket_notification_configuration" {
  description = "What the bucket's notification configuration must contain, as JSON for `aws s3api put-bucket-notification-configuration`; to merge by hand if `create_bucket_notification` is false."
  value       = jsonencode(local.bucket_notification)
}

output "trail_bucket_policy" {
  description = "Policy to add to the log bucket if it belongs to another account, as JSON; otherwise null."
  value       = local.bucket_in_own_account ? null : jsonencode(local.trail_bucket_policy)
}

output "trail_key_policy" {
  description = "Statement to add to the policy of the log files' KMS key if bucket and key belong to another account, as JSON; otherwise null."
  value       = local.bucket_in_own_account || !local.logs_key_given ? null : jsonencode(local.trail_key_policy)
}

output "kms_key_policy" {
  description = "Statements to add to the policy of `kms_key_arn`, as JSON, for the services that use the key; null without a key."
  value       = local.given.kms_key_arn == null ? null : jsonencode(local.own_key_policy)
}

output "restart_logging_function_name" {
  description = "Name of the function that restarts trails; null without `restart_logging`."
  value       = one(aws_lambda_function.restart_logging[*].function_name)
}

output "restart_logging_function_arn" {
  description = "ARN of the function that restarts trails; null without `restart_logging`."
  value       = one(aws_lambda_function.restart_logging[*].arn)
}

output "restart_logging_role_arn" {
  description = "ARN of the role of the function that restarts trails; null without `restart_logging`."
  value       = var.restart_logging ? local.restart_role_arn : null
}

output "restart_logging_role_policy" {
  description = "Policy that the role of the function that restarts trails needs, as JSON, to attach to a role given with `restart_logging_role_arn`; null without `restart_logging`."
  value       = var.restart_logging ? local.restart_role_policy : null
}

output "warnings" {
  description = "What the configuration leaves out although it should not, such as alarms; empty if there is nothing. A plan shows it in `terraform_data.configuration`."
  value       = local.warnings
}
