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
  value       = one(aws_iam_role.restart_logging[*].arn)
}
