output "event_patterns" {
  description = "The patterns in use, each as JSON."
  value       = local.patterns
}

output "rule_arns" {
  description = "ARNs of the rules."
  value       = aws_cloudwatch_event_rule.this[*].arn
}

output "target_event_bus_arn" {
  description = "ARN of the bus that receives the events."
  value       = local.target_arn
}

output "role_arn" {
  description = "ARN of the role that EventBridge assumes to forward events."
  value       = aws_iam_role.forward.arn
}

output "dead_letter_queue_arn" {
  description = "ARN of the queue for events that could not be forwarded."
  value       = aws_sqs_queue.dead_letters.arn
}
