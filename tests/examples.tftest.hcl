# Every example can be planned as it is written, and warns of nothing.

mock_provider "aws" {
  source = "./tests/mocks"
}

# In place of the builder of the dependency layer, which needs the network.
override_data {
  target = module.cloudtrail_to_slack.data.external.dependencies_layer
  values = {
    result = {
      path          = ".terraform/cloudtrail-to-slack/layer.zip"
      sha256        = "00"
      sha256_base64 = "MDA="
    }
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
