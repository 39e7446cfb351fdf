# Packages, state, watching and encryption.

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

run "the_layers_are_built_where_a_plan_is_applied" {
  command = plan
  variables {
    lambda_package = null
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.handler == "cloudtrail_to_slack.handler.lambda_handler",
      aws_lambda_function.this.runtime == "python3.13",
      aws_lambda_function.this.architectures == tolist(["arm64"]),
      aws_lambda_function.this.publish == true,
      aws_lambda_function.this.filename == "./src/cloudtrail_to_slack_build/function.zip",
      aws_lambda_function.this.source_code_hash == filebase64sha256("src/cloudtrail_to_slack_build/function.zip"),
      aws_lambda_function.this.environment[0].variables["CONFIG_PATH"] == "/opt/config.json",
      join(" ", keys(aws_lambda_layer_version.built)) == "code dependencies",
      join(" ", keys(terraform_data.build)) == "code dependencies",
      aws_lambda_layer_version.built["dependencies"].compatible_architectures == toset(["arm64"]),
      aws_lambda_layer_version.config.layer_name == "cloudtrail-to-slack-config",
      nonsensitive(archive_file.config.source_content) == output.rendered_config,
      archive_file.config.source_content_filename == "config.json",
    ])
    error_message = "the function is not put together as it must be"
  }

  assert {
    condition = alltrue([
      contains(local.code_files, "handler.py"),
      contains(local.code_files, "rules/lint/known_events.txt"),
      !anytrue([for name in local.code_files : can(regex("pyc|__pycache__", name))]),
    ])
    error_message = "the code's layer holds something else"
  }

  assert {
    condition = jsondecode(local.built_layers.dependencies.request) == {
      build = "dependencies", requirements = "./requirements.txt", runtime = "python3.13", architecture = "arm64"
    }
    error_message = "the builder is asked for something else: ${local.built_layers.dependencies.request}"
  }
}

run "zips_are_written_to_the_build_directory_each_named_after_its_content" {
  command = plan
  variables {
    lambda_package  = null
    build_directory = "/somewhere/else"
  }

  assert {
    condition = alltrue([
      aws_lambda_layer_version.built["code"].filename == "/somewhere/else/code-${substr(local.code_sha256, 0, 16)}.zip",
      aws_lambda_layer_version.built["dependencies"].filename == "/somewhere/else/dependencies-${substr(local.dependencies_sha256, 0, 16)}.zip",
      can(regex("^/somewhere/else/config-[0-9a-f]{16}\\.zip$", archive_file.config.output_path)),
    ])
    error_message = "a zip lies somewhere else"
  }
}

run "a_layer_that_is_given_is_used_and_only_the_code_is_built" {
  command = plan
  variables {
    lambda_package         = null
    dependencies_layer_arn = "arn:aws:lambda:eu-west-1:111122223333:layer:given:3"
    lambda_runtime         = "python3.12"
    lambda_architecture    = "x86_64"
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.runtime == "python3.12",
      aws_lambda_function.this.architectures == tolist(["x86_64"]),
      join(" ", keys(terraform_data.build)) == "code",
    ])
    error_message = "the layer that was given is not used"
  }
}

run "a_package_that_is_ready_is_a_layer_and_nothing_is_built" {
  variables {
    lambda_package_sha256 = upper(filesha256("LICENSE"))
  }

  assert {
    condition = alltrue([
      aws_lambda_layer_version.package[0].filename == "LICENSE",
      strcontains(aws_lambda_layer_version.package[0].description, filesha256("LICENSE")),
      aws_lambda_function.this.filename == "./src/cloudtrail_to_slack_build/function.zip",
      aws_lambda_function.this.layers == tolist([aws_lambda_layer_version.package[0].arn, aws_lambda_layer_version.config.arn]),
      length(terraform_data.build) == 0,
    ])
    error_message = "the package that was given is not used"
  }
}

run "the_table_is_created_for_deduplication" {
  command = plan

  assert {
    condition = alltrue([
      aws_dynamodb_table.state[0].hash_key == "pk",
      one(aws_dynamodb_table.state[0].attribute) == { name = "pk", type = "S" },
      one(aws_dynamodb_table.state[0].ttl).attribute_name == "expires_at",
      one(aws_dynamodb_table.state[0].ttl).enabled == true,
      aws_dynamodb_table.state[0].billing_mode == "PAY_PER_REQUEST",
    ])
    error_message = "the table is another"
  }
}

run "without_deduplication_and_bot_there_is_no_table" {
  variables {
    deduplicate_deliveries = false
  }

  assert {
    condition = alltrue([
      length(aws_dynamodb_table.state) == 0,
      !can(aws_lambda_function.this.environment[0].variables["DYNAMODB_TABLE_NAME"]),
      !contains(jsondecode(aws_iam_role_policy.this[0].policy).Statement[*].Sid, "StateTableAccess"),
      jsondecode(output.rendered_config).deduplicate_deliveries == false,
      output.dynamodb_table_name == null,
    ])
    error_message = "a table is made, named or allowed"
  }
}

run "a_bot_without_deduplication_has_a_table_for_its_threads" {
  command = plan
  variables {
    deduplicate_deliveries        = false
    slack_bot_token_ssm_parameter = "/slack/token"
    default_slack_channel_id      = "C0"
  }

  assert {
    condition     = length(aws_dynamodb_table.state) == 1
    error_message = "there is no table"
  }
}

run "a_table_that_is_given_is_used" {
  variables {
    create_dynamodb_table = false
    dynamodb_table_name   = "given"
  }

  assert {
    condition = alltrue([
      length(aws_dynamodb_table.state) == 0,
      aws_lambda_function.this.environment[0].variables["DYNAMODB_TABLE_NAME"] == "given",
      one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Resource if s.Sid == "StateTableAccess"]) == "arn:aws:dynamodb:eu-west-1:111122223333:table/given",
    ])
    error_message = "the table that was given is not used"
  }
}

run "failed_invocations_are_kept_in_a_queue_by_default" {
  variables {
    lambda_maximum_retry_attempts         = 1
    lambda_maximum_event_age_seconds      = 3600
    lambda_reserved_concurrent_executions = 7
    enable_xray_tracing                   = true
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.dead_letter_config[0].target_arn == aws_sqs_queue.dead_letters[0].arn,
      aws_sqs_queue.dead_letters[0].message_retention_seconds == 1209600,
      one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s if s.Sid == "SendToDeadLetterTarget"]) == { Sid = "SendToDeadLetterTarget", Effect = "Allow", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:eu-west-1:111122223333:cloudtrail-to-slack-dead-letters" },
      aws_lambda_function_event_invoke_config.this[0].maximum_retry_attempts == 1,
      aws_lambda_function_event_invoke_config.this[0].maximum_event_age_in_seconds == 3600,
      aws_lambda_function.this.reserved_concurrent_executions == 7,
      aws_lambda_function.this.tracing_config[0].mode == "Active",
      contains(jsondecode(aws_iam_role_policy.this[0].policy).Statement[*].Sid, "WriteTraces"),
      length(aws_cloudwatch_metric_alarm.this) + length(aws_cloudwatch_dashboard.this) == 0,
    ])
    error_message = "failed invocations are not kept, or more is made than is asked for"
  }
}

run "a_queue_keeps_its_failed_messages_in_a_queue_though_a_topic_is_given" {
  variables {
    enable_sqs_queue       = true
    dead_letter_target_arn = "arn:aws:sns:eu-west-1:111122223333:dead"
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.dead_letter_config[0].target_arn == "arn:aws:sns:eu-west-1:111122223333:dead",
      jsondecode(aws_sqs_queue.notifications[0].redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters[0].arn,
      one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Action if s.Sid == "ConsumeQueue"]) == ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    ])
    error_message = "messages that fail for good are lost"
  }
}

run "alarms_go_to_the_topics_that_are_given" {
  command = plan
  variables {
    alarm_topic_arns             = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
    dead_letter_target_arn       = "arn:aws:sqs:eu-west-1:111122223333:given"
    alarm_missing_log_data_hours = 6
    create_dashboard             = true
  }

  assert {
    condition = jsonencode({ for name, alarm in aws_cloudwatch_metric_alarm.this : name => [alarm.namespace, alarm.metric_name, alarm.dimensions] }) == jsonencode({
      dead-letter-errors = ["AWS/Lambda", "DeadLetterErrors", { FunctionName = "cloudtrail-to-slack" }]
      dead-letters       = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName = "given" }]
      dropped-events     = ["AWS/Lambda", "AsyncEventsDropped", { FunctionName = "cloudtrail-to-slack" }]
      errors             = ["AWS/Lambda", "Errors", { FunctionName = "cloudtrail-to-slack" }]
      missing-log-data   = ["CloudTrailToSlack", "ObjectsRead", { FunctionName = "cloudtrail-to-slack" }]
      rules-unusable     = ["CloudTrailToSlack", "RulesUnusable", { FunctionName = "cloudtrail-to-slack" }]
      throttles          = ["AWS/Lambda", "Throttles", { FunctionName = "cloudtrail-to-slack" }]
      undelivered        = ["CloudTrailToSlack", "AlertsUndelivered", { FunctionName = "cloudtrail-to-slack" }]
    })
    error_message = "the alarms watch something else"
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_metric_alarm.this["missing-log-data"].metric_name == "ObjectsRead",
      aws_cloudwatch_metric_alarm.this["missing-log-data"].evaluation_periods == 6,
      aws_cloudwatch_metric_alarm.this["missing-log-data"].treat_missing_data == "breaching",
      alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:alarms"])]),
      length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 6,
    ])
    error_message = "missing log data is not watched, or an alarm goes nowhere"
  }
}

run "a_key_encrypts_everything_that_is_kept" {
  variables {
    kms_key_arn                 = "arn:aws:kms:eu-west-1:111122223333:key/mine"
    additional_kms_key_arns     = ["arn:aws:kms:us-east-1:111122223333:key/secrets"]
    default_sns_topic_arn       = null
    aws_sns_topic_subscriptions = { "soc@example.com" = "email" }
    enable_s3_sns_fanout        = true
    enable_sqs_queue            = true
  }

  assert {
    condition = alltrue([for key in [
      aws_cloudwatch_log_group.this.kms_key_id, one(aws_dynamodb_table.state[0].server_side_encryption).kms_key_arn,
      aws_sns_topic.events_to_sns[0].kms_master_key_id, aws_sns_topic.s3_notifications[0].kms_master_key_id,
      aws_sqs_queue.notifications[0].kms_master_key_id, aws_sqs_queue.dead_letters[0].kms_master_key_id,
      aws_lambda_function.this.kms_key_arn,
    ] : key == "arn:aws:kms:eu-west-1:111122223333:key/mine"])
    error_message = "something is not encrypted with the key"
  }

  assert {
    condition = one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s if s.Sid == "UseKmsKeys"]) == {
      Sid       = "UseKmsKeys", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = ["arn:aws:kms:eu-west-1:111122223333:key/mine", "arn:aws:kms:us-east-1:111122223333:key/secrets"]
      Condition = { StringEquals = { "kms:ViaService" = [for pair in setproduct(["dynamodb", "lambda", "secretsmanager", "sns", "sqs", "ssm"], ["eu-west-1", "us-east-1"]) : "${join(".", pair)}.amazonaws.com"] } }
    }
    error_message = "the role may not use the keys for the services that encrypt with them, and for them alone"
  }

  assert {
    condition     = jsonencode(jsondecode(output.kms_key_policy)[*].Principal.Service) == jsonencode(["logs.eu-west-1.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"])
    error_message = "the key's policy differs: ${output.kms_key_policy}"
  }
}

run "a_queue_whose_messages_wait_has_an_alarm_and_its_mapping_has_tags" {
  command = plan

  variables {
    enable_sqs_queue = true
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
    tags             = { team = "soc" }
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_metric_alarm.this["queue-age"].metric_name == "ApproximateAgeOfOldestMessage",
      aws_cloudwatch_metric_alarm.this["queue-age"].dimensions == tomap({ QueueName = "cloudtrail-to-slack-notifications" }),
      aws_lambda_event_source_mapping.queue[0].tags == tomap({ team = "soc" }),
    ])
    error_message = "nothing watches how long messages wait"
  }
}

run "in_china_services_have_their_own_names" {
  variables {
    kms_key_arn                = "arn:aws-cn:kms:cn-north-1:111122223333:key/mine"
    cloudtrail_logs_kms_key_id = "alias/logs"
    default_sns_topic_arn      = "arn:aws-cn:sns:cn-north-1:111122223333:alerts"
  }

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn" }
  }

  override_data {
    target = data.aws_region.current
    values = { id = "cn-north-1" }
  }

  assert {
    condition     = contains(jsondecode(output.kms_key_policy)[*].Principal.Service, "logs.cn-north-1.amazonaws.com.cn")
    error_message = "the key's policy names another service: ${output.kms_key_policy}"
  }

  # The log files' key may be used through S3 in China, however KMS calls it.
  assert {
    condition = alltrue([for statement in jsondecode(output.lambda_role_policies[0]).Statement : contains(statement.Condition.StringEquals["kms:ViaService"], {
      DecryptLogFiles = "s3.cn-north-1.amazonaws.com.cn", UseKmsKeys = "sqs.cn-north-1.amazonaws.com.cn"
    }[statement.Sid]) if contains(["DecryptLogFiles", "UseKmsKeys"], statement.Sid)])
    error_message = "the keys cannot be used: ${output.lambda_role_policies[0]}"
  }
}

run "only_functions_of_this_account_can_assume_the_role" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "111122223333" } }
    error_message = "Lambda may assume the role for any account"
  }
}

run "roles_have_a_path_and_the_function_a_network_and_a_code_signing_configuration" {
  command = plan

  variables {
    iam_role_path                  = "/security/alerts/"
    lambda_vpc_subnet_ids          = ["subnet-1", "subnet-2"]
    lambda_vpc_security_group_ids  = ["sg-1"]
    lambda_code_signing_config_arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1"
  }

  assert {
    condition = alltrue([
      aws_iam_role.this[0].path == "/security/alerts/",
      toset(aws_lambda_function.this.vpc_config[0].subnet_ids) == toset(["subnet-1", "subnet-2"]),
      toset(aws_lambda_function.this.vpc_config[0].security_group_ids) == toset(["sg-1"]),
      aws_lambda_function.this.code_signing_config_arn == "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1",
      length([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s if s.Sid == "ManageNetworkInterfaces"]) == 1,
      jsondecode(output.rendered_config).own_role_arns == ["arn:aws:iam::111122223333:role/security/alerts/cloudtrail-to-slack"],
    ])
    error_message = "a path, a network or a code signing configuration is missing where it belongs"
  }
}

run "a_path_without_its_slashes_is_refused" {
  command = plan

  variables {
    iam_role_path = "security"
  }

  expect_failures = [var.iam_role_path]
}
