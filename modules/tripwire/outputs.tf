output "event_patterns" {
  description = "The event pattern of each rule, as JSON, by the suffix of its name."
  value       = local.patterns
}

output "rule_arns" {
  description = "ARN of each rule, by the suffix of its name."
  value       = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.arn }
}

output "api_destination_arn" {
  description = "ARN of the API destination, created or given."
  value       = local.api_destination_arn
}

output "role_arn" {
  description = "ARN of the role that EventBridge assumes to post."
  value       = aws_iam_role.invoke.arn
}

output "dead_letter_queue_arn" {
  description = "ARN of the queue for messages that could not be posted."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letter_queue_url" {
  description = "URL of the queue for messages that could not be posted."
  value       = aws_sqs_queue.dead_letters.url
}

output "kms_key_policy" {
  description = "Statements to add to the policy of `kms_key_arn`, as JSON; null without a key."
  value       = local.given.kms_key_arn == null ? null : jsonencode(local.own_key_policy)
}
