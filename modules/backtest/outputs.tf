output "application_id" {
  description = "ID of the EMR Serverless application."
  value       = aws_emrserverless_application.this.id
}

output "job_role_arn" {
  description = "ARN of the role that jobs assume."
  value       = aws_iam_role.job.arn
}

output "results_bucket" {
  description = "Name of the bucket: job files are under job/, results under results/."
  value       = aws_s3_bucket.results.id
}

output "start_command" {
  description = "Command that starts a job, with the AWS command line; its last arguments are those of cloudtrail-to-slack backtest."
  value = join(" ", [
    "aws emr-serverless start-job-run",
    "--region ${local.region}",
    "--application-id ${aws_emrserverless_application.this.id}",
    "--execution-role-arn ${aws_iam_role.job.arn}",
    "--job-driver '${jsonencode({ sparkSubmit = {
      entryPoint = "s3://${aws_s3_bucket.results.id}/job/spark_job.py"
      entryPointArguments = [
        "--output", "s3://${aws_s3_bucket.results.id}/results/backtest.json",
        "backtest", "s3://${var.logs_bucket}/${var.logs_prefix}", "--format", "json", "--engine", "spark",
      ]
      sparkSubmitParameters = join(" ", [
        "--archives s3://${aws_s3_bucket.results.id}/job/environment.tar.gz#environment",
        "--conf spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON=./environment/bin/python",
        "--conf spark.emr-serverless.driverEnv.PYSPARK_PYTHON=./environment/bin/python",
        "--conf spark.executorEnv.PYSPARK_PYTHON=./environment/bin/python",
      ])
    } })}'",
  ])
}
