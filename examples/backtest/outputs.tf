output "results_bucket" {
  description = "Name of the bucket: the job's files go to job/, results come to results/."
  value       = module.backtest.results_bucket
}

output "start_command" {
  description = "Command that starts a job over all log files."
  value       = module.backtest.start_command
}
