# Each destination, and each way to give its secret: what reaches the function, and what its role may read.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "external" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_sns_topic_arn          = "arn:aws:sns:eu-west-1:111122223333:alerts"
  # Any file will do for a package here, and is read sooner than the code is packaged.
  lambda_package = "LICENSE"
}

run "bot_by_its_token" {
  variables {
    default_sns_topic_arn    = null
    slack_bot_token          = "xoxb-1"
    default_slack_channel_id = "C0"
    default_slack_hook_url   = "https://hooks.slack.com/services/T/B/x"
    configuration            = [{ accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/y" }]
    slack_app_configuration  = [{ accounts = ["111111111111", "222222222222"], slack_channel_id = "C1" }]
  }

  expect_failures = [check.webhooks_beside_bot]

  assert {
    condition = nonsensitive(aws_lambda_function.this.environment[0].variables) == tomap({
      LOG_LEVEL           = "INFO"
      CONFIG_PATH         = "/opt/config.json"
      DYNAMODB_TABLE_NAME = "cloudtrail-to-slack-table"
      SLACK_BOT_TOKEN     = "xoxb-1"
    })
    error_message = "with a token the bot is used, and webhooks are not passed"
  }

  assert {
    condition = jsonencode(jsondecode(output.rendered_config).slack) == jsonencode({
      default_channel_id = "C0"
      routes             = [{ accounts = ["111111111111", "222222222222"], slack_channel_id = "C1" }]
    })
    error_message = "the channels are not in config.json"
  }

  assert {
    condition     = strcontains(output.rendered_config, "xoxb") == false && strcontains(output.rendered_config, "hooks.slack.com") == false
    error_message = "config.json holds a secret"
  }

  assert {
    condition     = jsonencode(jsondecode(aws_iam_role_policy.this[0].policy).Statement[*].Sid) == jsonencode(["ReadLogFiles", "SendToDeadLetterTarget", "StateTableAccess", "WriteLogs"])
    error_message = "the role has other statements"
  }
}

run "bot_by_a_parameter" {
  variables {
    default_sns_topic_arn         = null
    slack_bot_token_ssm_parameter = "/slack/token"
    default_slack_channel_id      = "C0"
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables["SLACK_BOT_TOKEN_SSM_PARAMETER"] == "/slack/token"
    error_message = "the reference does not reach the function"
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s if s.Sid == "ReadParameters"]) == { Sid = "ReadParameters", Effect = "Allow", Action = "ssm:GetParameter", Resource = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack/token" }
    error_message = "the role may not read the parameter, and it alone"
  }
}

run "bot_by_a_secret" {
  variables {
    default_sns_topic_arn      = null
    slack_bot_token_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-AbCdEf"
    default_slack_channel_id   = "C0"
    # Not read with the bot, so not allowed either.
    default_slack_hook_url_ssm_parameter = "/slack/webhook"
  }

  expect_failures = [check.webhooks_beside_bot]

  assert {
    condition     = aws_lambda_function.this.environment[0].variables["SLACK_BOT_TOKEN_SECRET_ARN"] == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-AbCdEf"
    error_message = "the reference does not reach the function"
  }

  assert {
    condition = alltrue([
      one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s if s.Sid == "ReadSecrets"]) == { Sid = "ReadSecrets", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-AbCdEf" },
      length([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s if s.Sid == "ReadParameters"]) == 0,
    ])
    error_message = "the role may not read the secret, and it alone"
  }
}

run "webhooks_by_their_addresses" {
  command = plan
  variables {
    default_sns_topic_arn  = null
    default_slack_hook_url = "https://hooks.slack.com/services/T/B/x"
    configuration          = [{ accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/y" }]
    slack_api_url          = "https://slack-gov.com/api/"
  }

  assert {
    condition = nonsensitive(aws_lambda_function.this.environment[0].variables) == tomap({
      LOG_LEVEL            = "INFO"
      CONFIG_PATH          = "/opt/config.json"
      DYNAMODB_TABLE_NAME  = "cloudtrail-to-slack-table"
      SLACK_API_URL        = "https://slack-gov.com/api/"
      SLACK_WEBHOOK_URL    = "https://hooks.slack.com/services/T/B/x"
      SLACK_WEBHOOK_ROUTES = "[{\"accounts\":[\"111111111111\"],\"slack_hook_url\":\"https://hooks.slack.com/services/T/B/y\"}]"
    })
    error_message = "the webhooks do not reach the function"
  }
}

run "webhooks_by_references" {
  variables {
    default_sns_topic_arn             = null
    default_slack_hook_url_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf"
    slack_webhook_configuration = [
      { accounts = ["111111111111"], slack_hook_url_ssm_parameter = "/slack/one" },
      { accounts = ["222222222222"], slack_hook_url_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:two-AbCdEf" },
    ]
  }

  assert {
    condition = !contains(keys(aws_lambda_function.this.environment[0].variables), "SLACK_WEBHOOK_ROUTES") && jsondecode(output.rendered_config).slack_webhook_routes == [
      { accounts = ["111111111111"], slack_hook_url_ssm_parameter = "/slack/one" },
      { accounts = ["222222222222"], slack_hook_url_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:two-AbCdEf" },
    ]
    error_message = "the references do not reach the function"
  }

  assert {
    condition = {
      for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Sid => s.Resource if contains(["ReadParameters", "ReadSecrets"], s.Sid)
      } == {
      ReadParameters = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack/one"
      ReadSecrets    = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:two-AbCdEf"]
    }
    error_message = "the role may not read what is referred to, and it alone"
  }
}

run "severe_alerts_by_webhook" {
  command = plan
  variables {
    default_sns_topic_arn  = null
    default_slack_hook_url = "https://hooks.slack.com/services/T/B/x"
    configuration = [
      { accounts = ["*"], slack_hook_url = "https://hooks.slack.com/services/T/B/y", min_severity = "critical", mention = "S0123456789" },
      { accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/z" },
    ]
    slack_webhook_configuration = [
      { accounts = ["111111111111"], slack_hook_url_ssm_parameter = "/slack/one", min_severity = "high" },
    ]
  }

  assert {
    condition = jsondecode(aws_lambda_function.this.environment[0].variables["SLACK_WEBHOOK_ROUTES"]) == [
      { accounts = ["*"], mention = "S0123456789", min_severity = "critical", slack_hook_url = "https://hooks.slack.com/services/T/B/y" },
      { accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/z" },
    ]
    error_message = "the severities and mentions do not reach the function"
  }

  assert {
    condition     = jsondecode(output.rendered_config).slack_webhook_routes == [{ accounts = ["111111111111"], min_severity = "high", slack_hook_url_ssm_parameter = "/slack/one" }]
    error_message = "the severities of references do not reach the function"
  }
}

run "topics_by_account" {
  variables {
    sns_configuration = [
      { accounts = ["111111111111"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:one" },
      { accounts = ["222222222222"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alerts" },
    ]
    # Without effect beside a topic that is given.
    aws_sns_topic_subscriptions = { "soc@example.com" = "email" }
  }

  expect_failures = [check.settings_without_effect]

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Resource if s.Sid == "PublishAlerts"]) == ["arn:aws:sns:eu-west-1:111122223333:alerts", "arn:aws:sns:eu-west-1:111122223333:one"]
    error_message = "the role may not publish to each routed topic, and to them alone"
  }

  assert {
    condition     = length(aws_sns_topic.events_to_sns) + length(aws_sns_topic_subscription.events_to_sns) == 0 && jsondecode(output.rendered_config).sns.default_topic_arn == "arn:aws:sns:eu-west-1:111122223333:alerts"
    error_message = "the topic that was given is not used"
  }
}

run "a_topic_made_for_subscriptions" {
  variables {
    default_sns_topic_arn       = ""
    aws_sns_topic_subscriptions = { "soc@example.com" = "email" }
  }

  assert {
    condition = alltrue([
      aws_sns_topic.events_to_sns[0].kms_master_key_id == "alias/aws/sns",
      aws_sns_topic_subscription.events_to_sns["soc@example.com"].protocol == "email",
      jsondecode(output.rendered_config).sns.default_topic_arn == aws_sns_topic.events_to_sns[0].arn,
      output.sns_topic_arn == aws_sns_topic.events_to_sns[0].arn,
      one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Resource if s.Sid == "PublishAlerts"]) == "arn:aws:sns:eu-west-1:111122223333:cloudtrail-to-slack",
    ])
    error_message = "the topic is not made, subscribed and published to"
  }
}

run "a_destination_that_is_added_has_its_routes" {
  command = plan
  variables {
    default_sns_topic_arn = null
    create_dashboard      = true
    destinations = {
      pager = { default = "team-a", routes = [{ accounts = ["111111111111"], address = "team-b" }, { accounts = ["*"], address = "team-c", min_severity = "high" }] }
      chat  = {}
    }
  }

  assert {
    condition = jsonencode(jsondecode(output.rendered_config).destinations) == jsonencode({
      chat  = { routes = [] }
      pager = { default = "team-a", routes = [{ accounts = ["111111111111"], address = "team-b" }, { accounts = ["*"], address = "team-c", min_severity = "high" }] }
    })
    error_message = "the routes are not in config.json: ${output.rendered_config}"
  }

  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "\"DeliveryLatency\",\"FunctionName\",\"cloudtrail-to-slack\",\"Destination\",\"pager\"")
    error_message = "the dashboard does not show how late its messages are"
  }
}

run "an_added_destination_without_accounts_or_with_a_name_of_the_module_s_own_is_refused" {
  command = plan
  variables {
    destinations = { sns = {}, pager = { routes = [{ accounts = [], address = "team-b" }, { accounts = ["*"], address = "team-c" }] } }
  }

  expect_failures = [var.destinations]
}

run "a_plan_shows_all_that_a_route_says" {
  command = plan

  variables {
    slack_bot_token          = "xoxb-1"
    default_slack_channel_id = "C0"
    slack_app_configuration = [
      { accounts = ["111111111111", "222222222222"], slack_channel_id = "C1" },
      { accounts = ["*"], slack_channel_id = "C1", min_severity = "High", mention = "S0123456789" },
      { accounts = ["333333333333"], slack_channel_id = "C2" },
    ]
    sns_configuration = [{ accounts = ["111111111111"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:one", min_severity = "low" }]
  }

  assert {
    condition = terraform_data.configuration.triggers_replace.slack_channels == {
      default = "C0"
      C1      = "111111111111, 222222222222; * from severity high, critical alerts mention S0123456789"
      C2      = "333333333333"
    } && terraform_data.configuration.triggers_replace.order_of_channels == ""
    error_message = "it is not all shown: ${jsonencode(terraform_data.configuration.triggers_replace)}"
  }

  assert {
    condition     = terraform_data.configuration.triggers_replace.sns_topics["route 0"] == "arn:aws:sns:eu-west-1:111122223333:one: 111111111111 from severity low"
    error_message = "it is not all shown: ${jsonencode(terraform_data.configuration.triggers_replace)}"
  }
}

run "a_plan_shows_the_routes_of_webhooks_without_addresses" {
  command = plan

  variables {
    configuration = [{ accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/x", min_severity = "low" }]
    slack_webhook_configuration = [
      { accounts = ["222222222222"], slack_hook_url_ssm_parameter = "/one" },
      { accounts = ["333333333333"], slack_hook_url_ssm_parameter = "/one", mention = "S0123456789" },
      { accounts = ["*"], slack_hook_url_ssm_parameter = "/two", min_severity = "critical" },
    ]
  }

  assert {
    condition = terraform_data.configuration.triggers_replace.slack_webhooks == {
      "configuration[0]" = "111111111111 from severity low"
      "/one"             = "222222222222; 333333333333, critical alerts mention S0123456789"
      "/two"             = "* from severity critical"
    } && terraform_data.configuration.triggers_replace.order_of_webhooks == "/one, /one, /two"
    error_message = "it is not all shown: ${jsonencode(terraform_data.configuration.triggers_replace)}"
  }
}

run "a_plan_shows_the_order_of_routes_that_an_alert_may_have" {
  command = plan

  variables {
    slack_bot_token          = "xoxb-1"
    default_slack_channel_id = "C0"
    slack_app_configuration = [
      { accounts = ["111111111111"], slack_channel_id = "C2", min_severity = "critical" },
      { accounts = ["*"], slack_channel_id = "C1", min_severity = "high" },
    ]
  }

  assert {
    condition     = terraform_data.configuration.triggers_replace.order_of_channels == "C2, C1" && terraform_data.configuration.triggers_replace.order_of_webhooks == ""
    error_message = "the order is not shown: ${jsonencode(terraform_data.configuration.triggers_replace)}"
  }
}
