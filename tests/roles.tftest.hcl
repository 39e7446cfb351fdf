# Roles that exist already: nothing of them is created, and what they must be allowed is an output, or attached.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "external" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_slack_channel_id       = "C0123456789"
  slack_bot_token_ssm_parameter  = "/slack/token"
  lambda_package                 = "LICENSE"
  restart_logging                = true
}

run "roles_are_created_by_default" {
  command = plan

  assert {
    condition = alltrue([
      aws_iam_role_policy.this[0].name == "cloudtrail-to-slack",
      aws_iam_role_policy.restart_logging[0].name == "cloudtrail-to-slack-restart-logging",
      output.lambda_role_policies == [aws_iam_role_policy.this[0].policy],
      output.restart_logging_role_policy == aws_iam_role_policy.restart_logging[0].policy,
    ])
    error_message = "the outputs are other policies than the roles have"
  }
}

run "existing_roles_are_left_as_they_are" {
  command = plan

  variables {
    lambda_role_arn          = "arn:aws:iam::111122223333:role/security/alerts"
    restart_logging_role_arn = "arn:aws:iam::111122223333:role/restarts"
    create_dashboard         = true
    sns_configuration        = [for i in range(60) : { accounts = [format("%012d", i)], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alerts-${i}" }]
  }

  assert {
    condition = alltrue([
      length(aws_iam_role.this) + length(aws_iam_role_policy.this) + length(aws_iam_policy.routes) + length(aws_iam_role_policy_attachment.routes) == 0,
      length(aws_iam_role.restart_logging) + length(aws_iam_role_policy.restart_logging) == 0,
      aws_lambda_function.this.role == "arn:aws:iam::111122223333:role/security/alerts",
      aws_lambda_function.restart_logging[0].role == "arn:aws:iam::111122223333:role/restarts",
      output.lambda_role_arn == "arn:aws:iam::111122223333:role/security/alerts",
      output.lambda_role_name == "alerts",
      jsondecode(output.rendered_config).own_role_arns == ["arn:aws:iam::111122223333:role/security/alerts", "arn:aws:iam::111122223333:role/restarts"],
    ])
    error_message = "a role is created or changed, or another one is used"
  }

  assert {
    condition = alltrue([
      length(output.lambda_role_policies) > 1,
      contains(jsondecode(output.lambda_role_policies[0]).Statement[*].Sid, "ReadLogFiles"),
      contains(flatten([for policy in output.lambda_role_policies : jsondecode(policy).Statement[*].Resource]), "arn:aws:sns:eu-west-1:111122223333:alerts-59"),
      contains(jsondecode(output.restart_logging_role_policy).Statement[*].Sid, "RestartTrails"),
      aws_cloudwatch_dashboard.this[0].dashboard_name == "cloudtrail-to-slack",
    ])
    error_message = "the policies that the roles need are not in the outputs"
  }
}

run "their_policies_are_attached_on_request" {
  command = plan

  variables {
    lambda_role_arn          = "arn:aws:iam::111122223333:role/security/alerts"
    restart_logging_role_arn = "arn:aws:iam::111122223333:role/restarts"
    attach_role_policies     = true
    function_name            = "second"
  }

  assert {
    condition = alltrue([
      length(aws_iam_role.this) + length(aws_iam_role.restart_logging) == 0,
      [aws_iam_role_policy.this[0].role, aws_iam_role_policy.this[0].name] == ["alerts", "second"],
      [aws_iam_role_policy.restart_logging[0].role, aws_iam_role_policy.restart_logging[0].name] == ["restarts", "second-restart-logging"],
    ])
    error_message = "the policies are not attached, or two instances that share a role would share a policy"
  }
}

run "one_role_may_be_given_and_the_other_created" {
  command = plan

  variables {
    lambda_role_arn = "arn:aws:iam::111122223333:role/alerts"
  }

  assert {
    condition     = length(aws_iam_role.this) == 0 && length(aws_iam_role.restart_logging) == 1 && length(aws_iam_role_policy.restart_logging) == 1
    error_message = "the second function has no role"
  }
}

run "no_role_at_all" {
  command = plan

  variables {
    create_roles = false
  }

  expect_failures = [terraform_data.settings]
}

run "a_name_is_no_role" {
  command = plan

  variables {
    lambda_role_arn          = "alerts"
    restart_logging_role_arn = "arn:aws:iam::111122223333:user/alerts"
  }

  expect_failures = [var.lambda_role_arn, var.restart_logging_role_arn]
}
