output "event_patterns" {
  description = "The patterns in force, each as JSON."
  value       = local.patterns
}

output "rule_arns" {
  description = "ARNs of the rules."
  value       = aws_cloudwatch_event_rule.this[*].arn
}

output "target_event_bus_arn" {
  description = "ARN of the bus that events are handed on to."
  value       = local.target_arn
}

output "role_arn" {
  description = "ARN of the role EventBridge hands events on with."
  value       = aws_iam_role.forward.arn
}

output "dead_letter_queue_arn" {
  description = "ARN of the queue that keeps what could not be handed on."
  value       = aws_sqs_queue.dead_letters.arn
}
