output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "bot_token_secret_name" {
  description = "Name of the secret to put the bot's token into."
  value       = aws_secretsmanager_secret.bot_token.name
}
