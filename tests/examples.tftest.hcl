# Every example can be planned as it is written, once its variables are given, and warns of nothing.

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

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
}

run "slack_app" {
  command = plan
  module {
    source = "./examples/slack_app"
  }
  variables {
    default_slack_channel_id = "C0"
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
  variables {
    email = "soc@example.com"
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
  variables {
    default_slack_channel_id = "C0"
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
  variables {
    default_slack_channel_id = "C0"
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
  variables {
    cloudtrail_logs_s3_bucket_name = "aws-controltower-logs-111122223333-eu-west-1"
    organization_id                = "o-a1b2c3d4e5"
    default_slack_channel_id       = "C0"
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
  variables {
    cloudtrail_logs_s3_bucket_account_id = "999988887777"
    default_slack_channel_id             = "C0"
  }

  assert {
    condition     = output.lambda_function_name == "cloudtrail-to-slack"
    error_message = "the example makes no function"
  }
}
