# The documented interface, variable by variable: names, types, defaults and what each does.

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

run "what_is_not_given_has_its_documented_default" {
  assert {
    condition = alltrue([
      aws_lambda_function.this.function_name == "cloudtrail-to-slack",
      aws_lambda_function.this.memory_size == 256,
      aws_lambda_function.this.timeout == 30,
      aws_lambda_function.this.environment[0].variables["LOG_LEVEL"] == "INFO",
      aws_cloudwatch_log_group.this.name == "/aws/lambda/cloudtrail-to-slack",
      aws_cloudwatch_log_group.this.retention_in_days == 30,
      aws_dynamodb_table.state[0].name == "cloudtrail-to-slack-table",
      aws_s3_bucket_notification.bucket_notification[0].eventbridge == false,
    ])
    error_message = "a default is another"
  }

  assert {
    condition = jsondecode(output.rendered_config) == {
      function_name                         = "cloudtrail-to-slack"
      use_default_rules                     = true
      rules                                 = []
      ignore_rules                          = []
      events_to_track                       = []
      disabled_rules                        = []
      detection_packs                       = []
      rule_severities                       = {}
      rule_exceptions                       = {}
      account_names                         = {}
      account_names_from_organizations      = false
      destinations                          = {}
      rule_evaluation_errors_to_slack       = true
      push_access_denied_cloudwatch_metrics = true
      s3_removed_object_notification        = true
      slack_webhook_routes                  = []
      slack                                 = { default_channel_id = null, routes = [] }
      sns                                   = { default_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alerts", routes = [] }
      dynamodb_time_to_live                 = 900
      deduplicate_deliveries                = true
      deduplication_time_to_live            = 604800
      max_messages_per_channel              = 20
      enable_missing_log_data_alerts        = true
      missing_log_data_minimum_hours        = 2
      enable_realtime                       = false
      own_role_arns                         = ["arn:aws:iam::111122223333:role/cloudtrail-to-slack"]
    }
    error_message = "a default of config.json is another: ${output.rendered_config}"
  }

  assert {
    condition = alltrue([
      output.lambda_function_arn == aws_lambda_function.this.arn,
      output.s3_sns_fanout_topic_arn == null,
      output.s3_sns_fanout_topic_name == null,
    ])
    error_message = "an output says something else"
  }
}

run "a_block_that_sets_every_documented_variable_is_taken_and_each_has_its_effect" {
  variables {
    cloudtrail_logs_s3_bucket_name        = "other-logs"
    cloudtrail_logs_kms_key_id            = "alias/logs"
    function_name                         = "alerter"
    default_slack_hook_url                = "https://hooks.slack.com/services/T/B/x"
    configuration                         = [{ accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/y" }]
    slack_bot_token                       = "xoxb-1"
    default_slack_channel_id              = "C0"
    slack_app_configuration               = [{ accounts = ["111111111111"], slack_channel_id = "C1" }]
    default_sns_topic_arn                 = ""
    sns_configuration                     = [{ accounts = ["111111111111"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:one" }]
    aws_sns_topic_subscriptions           = { "soc@example.com" = "email" }
    rules                                 = "event['eventName'] == 'A' % event['eventName'] in ['B', 'C'] %"
    ignore_rules                          = "event['eventName'] == 'D'"
    events_to_track                       = "E, F,G"
    rules_separator                       = "%"
    use_default_rules                     = false
    rule_evaluation_errors_to_slack       = false
    push_access_denied_cloudwatch_metrics = false
    dynamodb_table_name                   = "threads"
    dynamodb_time_to_live                 = 60
    s3_notification_filter_prefix         = "o-a1b2c3d4e5/AWSLogs/"
    s3_removed_object_notification        = false
    create_bucket_notification            = true
    enable_eventbridge_notificaitons      = true
    enable_s3_sns_fanout                  = true
    create_s3_sns_fanout_topic            = true
    s3_sns_fanout_topic_arn               = null
    s3_sns_fanout_topic_name              = "fan-out"
    dead_letter_target_arn                = "arn:aws:sns:eu-west-1:111122223333:dead"
    lambda_memory_size                    = 512
    lambda_timeout_seconds                = 60
    lambda_logs_retention_in_days         = 365
    lambda_build_in_docker                = true
    lambda_recreate_missing_package       = false
    log_level                             = "DEBUG"
    tags                                  = { team = "security" }
  }

  expect_failures = [check.webhooks_beside_bot]

  assert {
    condition = alltrue([
      aws_lambda_function.this.function_name == "alerter",
      aws_lambda_function.this.memory_size == 512,
      aws_lambda_function.this.timeout == 60,
      aws_lambda_function.this.dead_letter_config[0].target_arn == "arn:aws:sns:eu-west-1:111122223333:dead",
      length(aws_sqs_queue.dead_letters) == 0,
      nonsensitive(aws_lambda_function.this.environment[0].variables) == tomap({ LOG_LEVEL = "DEBUG", CONFIG_PATH = "/opt/config.json", DYNAMODB_TABLE_NAME = "threads", SLACK_BOT_TOKEN = "xoxb-1" }),
      aws_cloudwatch_log_group.this.retention_in_days == 365,
      aws_dynamodb_table.state[0].name == "threads",
      aws_sns_topic.s3_notifications[0].name == "fan-out",
      aws_s3_bucket_notification.bucket_notification[0].bucket == "other-logs",
      aws_s3_bucket_notification.bucket_notification[0].eventbridge == true,
      one(aws_s3_bucket_notification.bucket_notification[0].topic).events == toset(["s3:ObjectCreated:*"]),
      one(aws_s3_bucket_notification.bucket_notification[0].topic).filter_prefix == "o-a1b2c3d4e5/AWSLogs/",
    ])
    error_message = "a variable has not its effect"
  }

  assert {
    condition = jsondecode(output.rendered_config) == {
      function_name                         = "alerter"
      use_default_rules                     = false
      rules                                 = ["event['eventName'] == 'A'", "event['eventName'] in ['B', 'C']"]
      ignore_rules                          = ["event['eventName'] == 'D'"]
      events_to_track                       = ["E", "F", "G"]
      disabled_rules                        = []
      detection_packs                       = []
      rule_severities                       = {}
      rule_exceptions                       = {}
      account_names                         = {}
      account_names_from_organizations      = false
      destinations                          = {}
      rule_evaluation_errors_to_slack       = false
      push_access_denied_cloudwatch_metrics = false
      s3_removed_object_notification        = false
      slack_webhook_routes                  = []
      slack                                 = { default_channel_id = "C0", routes = [{ accounts = ["111111111111"], slack_channel_id = "C1" }] }
      sns                                   = { default_topic_arn = aws_sns_topic.events_to_sns[0].arn, routes = [{ accounts = ["111111111111"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:one" }] }
      dynamodb_time_to_live                 = 60
      deduplicate_deliveries                = true
      deduplication_time_to_live            = 604800
      max_messages_per_channel              = 20
      enable_missing_log_data_alerts        = true
      missing_log_data_minimum_hours        = 2
      enable_realtime                       = false
      own_role_arns                         = ["arn:aws:iam::111122223333:role/alerter"]
    }
    error_message = "a variable is not in config.json: ${output.rendered_config}"
  }

  assert {
    condition = {
      for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Sid => [s.Action, s.Resource] if contains(["ReadLogFiles", "DecryptLogFiles", "SendToDeadLetterTarget"], s.Sid)
      } == {
      ReadLogFiles           = [["s3:GetObject", "s3:GetObjectVersion"], "arn:aws:s3:::other-logs/o-a1b2c3d4e5/AWSLogs/*"]
      DecryptLogFiles        = ["kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/*"]
      SendToDeadLetterTarget = ["sns:Publish", "arn:aws:sns:eu-west-1:111122223333:dead"]
    }
    error_message = "the role does not follow the variables"
  }

  assert {
    condition = one([
      for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Condition if s.Sid == "DecryptLogFiles"
      ]) == {
      StringEquals               = { "kms:ViaService" = ["s3.eu-west-1.amazonaws.com"] }
      "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = ["alias/logs"] }
    }
    error_message = "the role may decrypt with more than the keys of that alias, or for another service"
  }

  assert {
    condition = alltrue([for tags in [
      aws_lambda_function.this.tags, aws_iam_role.this[0].tags, aws_cloudwatch_log_group.this.tags,
      aws_dynamodb_table.state[0].tags, aws_sns_topic.events_to_sns[0].tags, aws_sns_topic.s3_notifications[0].tags,
    ] : tags == tomap({ team = "security" })])
    error_message = "something has no tags"
  }
}

run "rules_from_everywhere_come_together" {
  command = plan
  variables {
    rules                  = "event['eventName'] == 'A'"
    detection_rules        = [{ expression = "True", id = "all", mitre = ["T1562"] }]
    detection_ignore_rules = [{ expression = "False", reason = "never" }]
    rule_files             = ["tests/rule_files/good.yaml"]
    disabled_rules         = ["default/access-denied"]
  }

  assert {
    condition     = jsondecode(output.rendered_config).disabled_rules == ["default/access-denied"]
    error_message = "the disabled rules are others: ${output.rendered_config}"
  }

  assert {
    condition = jsondecode(output.rendered_config).rules == [
      "event['eventName'] == 'A'",
      { expression = "True", id = "all", mitre = ["T1562"] },
      "event.get(\"eventName\") == \"DeleteTrail\"",
      {
        id         = "admin-policy-attached"
        title      = "AdministratorAccess was attached"
        severity   = "high"
        expression = "event.get(\"requestParameters.policyArn\") == \"arn:aws:iam::aws:policy/AdministratorAccess\""
      },
    ]
    error_message = "the rules are others: ${output.rendered_config}"
  }

  assert {
    condition = jsondecode(output.rendered_config).ignore_rules == [
      { expression = "False", reason = "never" },
      { expression = "event.get(\"userIdentity.sessionContext.sessionIssuer.arn\") == \"arn:aws:iam::111122223333:role/vulnerability-scanner\"", reason = "vulnerability scanner", expires = "2027-01-31" },
    ]
    error_message = "the ignore rules are others: ${output.rendered_config}"
  }
}

run "the_organizations_accounts_are_listed_on_request" {
  command = plan

  variables {
    cloudtrail_logs_s3_bucket_name   = "trail-logs"
    account_names_from_organizations = true
  }

  assert {
    condition = alltrue([
      jsondecode(output.rendered_config).account_names_from_organizations,
      [for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : [s.Action, s.Resource] if s.Sid == "NameAccounts"] == [["organizations:ListAccounts", "*"]],
    ])
    error_message = "the role may not list the organization's accounts, or the function does not know that it may"
  }
}
