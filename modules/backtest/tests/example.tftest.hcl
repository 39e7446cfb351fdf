mock_provider "aws" {
  override_data {
    target = module.backtest.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.backtest.data.aws_partition.current
    values = { partition = "aws" }
  }

  override_data {
    target = module.backtest.data.aws_region.current
    values = { id = "eu-west-1" }
  }

  override_data {
    target = module.backtest.data.aws_iam_policy_document.assume
    values = { json = "{}" }
  }

  override_data {
    target = module.backtest.data.aws_iam_policy_document.job
    values = { json = "{}" }
  }
}

run "the_example_starts_a_job_over_its_log_files" {
  command = apply

  module {
    source = "../../examples/backtest"
  }

  variables {
    logs_bucket = "other-logs"
  }

  assert {
    condition     = strcontains(output.start_command, "\"backtest\",\"s3://other-logs/AWSLogs/\"")
    error_message = "The job reads the bucket of the logs."
  }
}
