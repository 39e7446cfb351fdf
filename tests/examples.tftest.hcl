# Every example can be planned as it is written, and warns of nothing.

mock_provider "aws" {
  source = "./tests/mocks"
}

# The further regions of multi_region.
mock_provider "aws" {
  alias = "us_east_1"
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }
}
mock_provider "aws" {
  alias = "eu_central_1"
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
}
mock_provider "aws" {
  alias = "ap_southeast_2"
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "ap-southeast-2" }
  }
}

run "slack_app" {
  command = plan
  module {
    source = "./examples/slack_app"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "slack_webhook" {
  command = plan
  module {
    source = "./examples/slack_webhook"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "sns_only" {
  command = plan
  module {
    source = "./examples/sns_only"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "sns_fanout" {
  command = plan
  module {
    source = "./examples/sns_fanout"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "sqs_queue" {
  command = plan
  module {
    source = "./examples/sqs_queue"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "organization_control_tower" {
  command = plan
  module {
    source = "./examples/organization_control_tower"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "cross_account_bucket" {
  command = plan
  module {
    source = "./examples/cross_account_bucket"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}

run "restart_logging" {
  command = plan
  module {
    source = "./examples/restart_logging"
  }

  assert {
    condition     = output.restart_logging_function_name == "cloudtrail-to-slack-restart-logging"
    error_message = "the example makes no function that starts logging again"
  }
}

run "multi_region" {
  command = plan
  module {
    source = "./examples/multi_region"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }

  assert {
    condition     = output.forwarded_to == tolist(["arn:aws:events:eu-west-1:111122223333:event-bus/default"])
    error_message = "a region hands its events on to elsewhere: ${jsonencode(output.forwarded_to)}"
  }
}

run "rules_repo" {
  command = plan
  module {
    source = "./examples/rules_repo"
  }

  assert {
    condition     = sort([for rule in jsondecode(output.rendered_config).rules : rule.id]) == tolist(["administrator-policy", "key-deletion-scheduled", "root-access-key", "snapshot-public", "ssh-open"])
    error_message = "not every rule file is deployed"
  }
}

# complete is applied by the end-to-end tests: most of its values are not known before.
