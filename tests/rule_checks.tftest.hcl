# Rules are checked at plan, for real: only AWS is a mock.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_sns_topic_arn          = "arn:aws:sns:eu-west-1:111122223333:alerts"
  lambda_package                 = "LICENSE"
}

run "rules_without_mistakes_are_fine" {
  command = plan

  variables {
    rules           = "event.get('eventName') == 'StopLogging'"
    detection_rules = [{ expression = "event.get('eventName') == 'DeleteTrail'", id = "mine" }]
    rule_files      = ["tests/rule_files/good.yaml"]
    disabled_rules  = ["default/access-denied"]
  }

  assert {
    condition     = length(local.rule_check.errors) + length(local.rule_check.warnings) == 0 && local.rule_check.unchecked == ""
    error_message = "found wrong: ${jsonencode(local.rule_check)}"
  }
}

run "every_mistake_is_named_with_its_place" {
  command = plan

  variables {
    rules                  = "event.get('eventName') in ['A', 'B']"
    detection_rules        = [{ expression = "True", id = "a" }, { expression = "().__class__", id = "b" }, { expression = "False", id = "a" }]
    detection_ignore_rules = [{ expression = "event.get(" }]
    rule_files             = ["tests/rule_files/faulty.yaml"]
    disabled_rules         = ["default/acess-denied"]
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition = [for error in local.rule_check.errors : split(": ", replace(split("\n", error)[0], "tests/rule_files/faulty.yaml: ", "faulty.yaml "))[0]] == [
      "rules[0]", "rules[1]", "detection_rules[1].expression (id \"b\")", "detection_rules[2].id",
      "faulty.yaml rules[1].expression", "faulty.yaml rules[2].severity", "faulty.yaml rules[3].runbook", "disabled_rules[0]",
      "detection_ignore_rules[0].expression", "faulty.yaml ignore_rules[0].severity", "faulty.yaml ignore_rules[1].expires",
    ]
    error_message = "the mistakes are others: ${join("\n", local.rule_check.errors)}"
  }

  assert {
    condition     = strcontains(local.rule_check.errors[2], "\n    ().__class__\n      ^^^^^^^^^^") && strcontains(local.rule_check.errors[0], "the string was split at \",\"")
    error_message = "no caret, or no word of the separator: ${join("\n", local.rule_check.errors)}"
  }
}

run "mistakes_are_warnings_where_rules_are_not_to_be_checked" {
  command = plan

  variables {
    check_rules_at_plan = false
    detection_rules     = [{ expression = "().__class__" }]
  }

  expect_failures = [check.rules]

  assert {
    condition     = length(local.rule_check.errors) == 1 && !anytrue(values(local.wrong))
    error_message = "found wrong: ${jsonencode(local.rule_check)}"
  }
}

run "what_is_only_suspicious_is_a_warning" {
  command = plan

  variables {
    detection_rules        = [{ expression = "event.get('eventName') == 'PassRole'", id = "mine" }]
    detection_ignore_rules = [{ expression = "event.get('userIdentity.invokedBy') == 'x'", id = "old", expires = "2020-01-31" }]
  }

  expect_failures = [check.rules]

  assert {
    condition = [for warning in local.rule_check.warnings : split(": ", warning)[0]] == [
      "detection_ignore_rules[0] (id \"old\")", "detection_rules[0] (id \"mine\")",
    ]
    error_message = "the warnings are others: ${join("\n", local.rule_check.warnings)}"
  }

  assert {
    condition     = !anytrue(values(local.wrong))
    error_message = "it is an error"
  }
}

run "rules_that_are_no_list_are_refused" {
  command = plan

  variables {
    rule_files = ["tests/rule_files/no_list.yaml"]
  }

  expect_failures = [var.rule_files]
}

run "without_python_it_is_a_warning" {
  command = plan

  variables {
    detection_rules = [{ expression = "().__class__" }]
  }

  override_data {
    target = data.external.rule_check
    values = { result = { unchecked = "there is no python3 where Terraform runs" } }
  }

  expect_failures = [check.rules]

  assert {
    condition     = !anytrue(values(local.wrong))
    error_message = "it is an error"
  }
}

run "event_patterns_need_python" {
  command = plan

  variables {
    enable_realtime = true
  }

  override_data {
    target = data.external.rule_check
    values = { result = { unchecked = "there is no python3 where Terraform runs" } }
  }

  expect_failures = [check.rules, terraform_data.settings]
}
