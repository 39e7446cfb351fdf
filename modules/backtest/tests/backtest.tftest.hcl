mock_provider "aws" {
  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  override_data {
    target = data.aws_region.current
    values = { id = "eu-west-1" }
  }

  override_data {
    target = data.aws_iam_policy_document.assume
    values = { json = "{}" }
  }

  override_data {
    target = data.aws_iam_policy_document.job
    values = { json = "{}" }
  }
}

variables {
  logs_bucket = "my-trail"
}

run "the_role_reads_one_prefix_and_writes_results_alone" {
  command = apply

  assert {
    condition = jsonencode([for statement in data.aws_iam_policy_document.job.statement : statement.actions]) == jsonencode([
      ["s3:GetObject"], ["s3:ListBucket"], ["s3:GetObject"], ["s3:PutObject"],
    ])
    error_message = "The role may read, list and write results, and nothing else."
  }

  assert {
    condition     = data.aws_iam_policy_document.job.statement[0].resources == toset(["arn:aws:s3:::my-trail/AWSLogs/*"])
    error_message = "The role may read log files under the prefix alone."
  }

  assert {
    condition     = aws_s3_bucket.results.bucket == "cloudtrail-backtest-111122223333-eu-west-1"
    error_message = "The bucket of results is named after module, account and region."
  }

  assert {
    condition     = aws_emrserverless_application.this.auto_stop_configuration[0].enabled
    error_message = "An idle application stops, so it costs nothing."
  }

  assert {
    condition     = strcontains(output.start_command, "\"s3://my-trail/AWSLogs/\"")
    error_message = "The command reads the logs that the role may read."
  }
}

run "a_key_may_be_used_to_decrypt" {
  command = apply

  variables {
    logs_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234"
  }

  assert {
    condition     = data.aws_iam_policy_document.job.statement[2].resources == toset(["arn:aws:kms:eu-west-1:111122223333:key/1234"])
    error_message = "The role may decrypt with that key alone."
  }

  assert {
    condition = jsonencode(data.aws_iam_policy_document.job.statement[2].condition) == jsonencode([
      { test = "StringEquals", values = ["s3.eu-west-1.amazonaws.com"], variable = "kms:ViaService" },
    ])
    error_message = "The role may decrypt through S3 alone."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    logs_bucket  = "s3://my-trail"
    logs_prefix  = "/AWSLogs/*"
    results_days = 0
    maximum_vcpu = 8.5
    name         = "Backtest_of_rules"

    results_bucket                = "arn:aws:s3:::results"
    logs_kms_key_arn              = "alias/logs"
    iam_role_permissions_boundary = "boundary"
  }

  expect_failures = [
    var.logs_bucket, var.logs_prefix, var.results_days, var.maximum_vcpu, var.name, var.results_bucket,
    var.logs_kms_key_arn, var.iam_role_permissions_boundary,
  ]
}
