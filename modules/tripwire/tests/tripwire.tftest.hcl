# Every way to Slack, what is made for it, and what is refused, with which words.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "from-the-parameter" }
  }
  mock_data "aws_secretsmanager_secret_version" {
    defaults = { secret_string = "https://hooks.slack.com/services/from-the-secret\n" }
  }
  mock_resource "aws_cloudwatch_event_api_destination" {
    defaults = { arn = "arn:aws:events:eu-west-1:111122223333:api-destination/cloudtrail-tripwire/made" }
  }
  mock_resource "aws_cloudwatch_event_connection" {
    defaults = { arn = "arn:aws:events:eu-west-1:111122223333:connection/cloudtrail-tripwire/made" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:111122223333:rule/made" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:111122223333:made"
      url = "https://sqs.eu-west-1.amazonaws.com/111122223333/made"
    }
  }
}

variables {
  slack_bot_token  = "xoxb-1"
  slack_channel_id = "C0123456789"
}

run "a_bot_by_its_token" {
  command = plan
  assert {
    condition = alltrue([
      aws_cloudwatch_event_connection.slack[0].authorization_type == "API_KEY",
      aws_cloudwatch_event_connection.slack[0].auth_parameters[0].api_key[0].key == "Authorization",
      nonsensitive(aws_cloudwatch_event_connection.slack[0].auth_parameters[0].api_key[0].value) == "Bearer xoxb-1",
      nonsensitive(aws_cloudwatch_event_api_destination.slack[0].invocation_endpoint) == "https://slack.com/api/chat.postMessage",
      aws_cloudwatch_event_api_destination.slack[0].http_method == "POST",
      aws_cloudwatch_event_api_destination.slack[0].invocation_rate_limit_per_second == 1,
    ])
    error_message = "the bot does not post to chat.postMessage with its token"
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.slack : jsondecode(target.input_transformer[0].input_template).channel == "C0123456789"])
    error_message = "a message names no channel"
  }

  assert {
    condition     = !anytrue([for target in aws_cloudwatch_event_target.slack : strcontains(target.input_transformer[0].input_template, "xoxb")])
    error_message = "the token is in a message"
  }
}

run "a_bot_by_a_parameter_in_another_slack" {
  command = plan
  variables {
    slack_bot_token               = null
    slack_bot_token_ssm_parameter = "/slack/token"
    slack_api_url                 = "https://slack-gov.com/api/"
  }

  assert {
    condition = alltrue([
      data.aws_ssm_parameter.secret[0].name == "/slack/token",
      nonsensitive(aws_cloudwatch_event_connection.slack[0].auth_parameters[0].api_key[0].value) == "Bearer from-the-parameter",
      nonsensitive(aws_cloudwatch_event_api_destination.slack[0].invocation_endpoint) == "https://slack-gov.com/api/chat.postMessage",
    ])
    error_message = "the token is not the parameter's"
  }
}

run "a_bot_by_a_secret" {
  command = plan
  variables {
    slack_bot_token            = null
    slack_bot_token_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf"
  }

  assert {
    condition     = nonsensitive(aws_cloudwatch_event_connection.slack[0].auth_parameters[0].api_key[0].value) == "Bearer https://hooks.slack.com/services/from-the-secret"
    error_message = "the token is not the secret's"
  }
}

run "a_webhook_by_its_address" {
  command = plan
  variables {
    slack_bot_token  = null
    slack_channel_id = null
    slack_hook_url   = "https://hooks.slack.com/services/T/B/x"
  }

  assert {
    condition = alltrue([
      nonsensitive(aws_cloudwatch_event_api_destination.slack[0].invocation_endpoint) == "https://hooks.slack.com/services/T/B/x",
      !strcontains(nonsensitive(aws_cloudwatch_event_connection.slack[0].auth_parameters[0].api_key[0].value), "hooks"),
    ])
    error_message = "the webhook is not posted to"
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.slack : !can(jsondecode(target.input_transformer[0].input_template).channel)])
    error_message = "a webhook has a channel of its own"
  }
}

run "a_webhook_by_a_parameter" {
  command = plan
  variables {
    slack_bot_token              = null
    slack_channel_id             = null
    slack_hook_url_ssm_parameter = "/slack/hook"
  }

  assert {
    condition     = nonsensitive(aws_cloudwatch_event_api_destination.slack[0].invocation_endpoint) == "from-the-parameter"
    error_message = "the webhook is not the parameter's"
  }
}

run "a_webhook_by_a_secret" {
  command = plan
  variables {
    slack_bot_token           = null
    slack_channel_id          = null
    slack_hook_url_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf"
  }

  assert {
    condition     = nonsensitive(aws_cloudwatch_event_api_destination.slack[0].invocation_endpoint) == "https://hooks.slack.com/services/from-the-secret"
    error_message = "the webhook is not the secret's, without its line break"
  }
}

run "a_destination_made_elsewhere" {
  command = plan
  variables {
    slack_bot_token     = null
    api_destination_arn = "arn:aws:events:eu-west-1:111122223333:api-destination/by-hand/0123"
  }

  assert {
    condition = alltrue([
      length(aws_cloudwatch_event_connection.slack) + length(aws_cloudwatch_event_api_destination.slack) == 0,
      length(data.aws_ssm_parameter.secret) + length(data.aws_secretsmanager_secret_version.secret) == 0,
      alltrue([for target in aws_cloudwatch_event_target.slack : target.arn == var.api_destination_arn]),
      jsondecode(aws_iam_role_policy.invoke.policy).Statement[0].Resource == [var.api_destination_arn],
      output.api_destination_arn == var.api_destination_arn,
      contains(jsondecode(output.event_patterns["way-changed"]).detail.requestParameters.name, "by-hand"),
    ])
    error_message = "more is made than is needed, or the destination is not used"
  }
}

run "only_cloudtrail_and_itself_without_further_names" {
  assert {
    condition = alltrue([
      contains(keys(output.event_patterns), "logging-off"),
      contains(keys(output.event_patterns), "rule-off"),
      !anytrue([for name in keys(output.event_patterns) : can(regex("^(bucket|key|function|topic|table)-", name))]),
      toset(keys(output.rule_arns)) == toset(keys(output.event_patterns)),
    ])
    error_message = "there are rules for what was not named, or some are missing"
  }
}

run "everything" {
  variables {
    log_bucket_names = ["trail-logs"]
    log_key_arns     = ["arn:aws:kms:eu-west-1:111122223333:key/0123-abcd"]
    function_names   = ["cloudtrail-to-slack"]
    event_rule_names = ["cloudtrail-to-slack"]
    queue_arns       = ["arn:aws:sqs:eu-west-1:111122223333:cloudtrail-to-slack-notifications", null]
    topic_arns       = ["arn:aws:sns:eu-west-1:111122223333:alerts", null]
    table_arns       = ["arn:aws:dynamodb:eu-west-1:111122223333:table/cloudtrail-to-slack-table"]
    role_names       = ["cloudtrail-to-slack"]
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:111122223333:on-call"]
    kms_key_arn      = "arn:aws:kms:eu-west-1:111122223333:key/mine"
    tags             = { team = "security" }
  }

  assert {
    condition = alltrue([for name, rule in aws_cloudwatch_event_rule.this :
      rule.name == "cloudtrail-tripwire-${name}" && length(rule.name) <= 64 && length(rule.event_pattern) <= 2048 && rule.tags.team == "security"
    ])
    error_message = "a rule breaks a limit of EventBridge"
  }

  # Source of the limits: Amazon EventBridge API Reference, "InputTransformer".
  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.slack : alltrue([
      length(target.input_transformer[0].input_template) <= 8192,
      length(target.input_transformer[0].input_paths) <= 100,
      target.role_arn == aws_iam_role.invoke.arn,
      target.dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn,
      target.retry_policy[0].maximum_event_age_in_seconds == 3600,
      target.retry_policy[0].maximum_retry_attempts == 185,
    ])])
    error_message = "a target breaks a limit, or loses what it could not post"
  }

  assert {
    condition = jsondecode(aws_iam_role.invoke.assume_role_policy).Statement[0].Condition == {
      ArnLike      = { "aws:SourceArn" = "arn:aws:events:eu-west-1:111122223333:rule/cloudtrail-tripwire-*" }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }
    error_message = "other rules, or other accounts, may take on the role"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.invoke.policy).Statement) == jsonencode([{
      Action   = ["events:InvokeApiDestination"]
      Effect   = "Allow"
      Resource = ["arn:aws:events:eu-west-1:111122223333:api-destination/cloudtrail-tripwire/made"]
    }])
    error_message = "the role may do something else"
  }

  assert {
    condition = alltrue([
      jsondecode(aws_sqs_queue_policy.dead_letters.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333",
      aws_sqs_queue.dead_letters.kms_master_key_id == var.kms_key_arn,
      jsondecode(output.kms_key_policy).Statement[0].Principal.Service == "events.amazonaws.com",
      aws_cloudwatch_metric_alarm.dead_letters[0].dimensions == tomap({ QueueName = aws_sqs_queue.dead_letters.name }),
      aws_cloudwatch_metric_alarm.dead_letters[0].alarm_actions == toset(var.alarm_topic_arns),
    ])
    error_message = "the dead-letter queue is not as it should be"
  }
}

run "refused_attempts_are_left_out_when_asked" {
  command = plan
  variables {
    report_refused_attempts = false
  }

  assert {
    condition     = length(output.event_patterns) > 0 && !anytrue([for name in keys(output.event_patterns) : endswith(name, "-refused")])
    error_message = "refused attempts are reported"
  }
}

run "without_topics_there_is_no_alarm_and_without_a_key_no_policy" {
  command = plan
  assert {
    condition = alltrue([
      length(aws_cloudwatch_metric_alarm.dead_letters) == 0,
      aws_sqs_queue.dead_letters.sqs_managed_sse_enabled == true,
      output.kms_key_policy == null,
    ])
    error_message = "there is an alarm without a topic, or a policy for no key"
  }
}

run "what_is_null_matches_nothing" {
  command = plan
  variables {
    topic_arns = [null]
  }

  assert {
    condition     = jsonencode(jsondecode(output.event_patterns["topic-deleted"]).detail["$or"][0].requestParameters.topicArn) == jsonencode(["-"])
    error_message = "a pattern is empty, which EventBridge refuses"
  }
}

run "no_way_to_slack" {
  command = plan
  variables {
    slack_bot_token = null
  }
  expect_failures = [terraform_data.settings]
}

run "two_ways_to_slack" {
  command = plan
  variables {
    api_destination_arn = "arn:aws:events:eu-west-1:111122223333:api-destination/by-hand/0123"
  }
  expect_failures = [terraform_data.settings]
}

run "a_bot_without_a_channel" {
  command = plan
  variables {
    slack_channel_id = null
  }
  expect_failures = [terraform_data.settings]
}

run "a_webhook_with_a_channel" {
  command = plan
  variables {
    slack_bot_token = null
    slack_hook_url  = "https://hooks.slack.com/services/T/B/x"
  }
  expect_failures = [terraform_data.settings]
}

run "topics_keys_and_destinations_of_another_region" {
  command = plan
  variables {
    api_destination_arn = "arn:aws:events:eu-west-1:111122223333:api-destination/slack/id"
    alarm_topic_arns    = ["arn:aws:sns:us-east-1:111122223333:on-call"]
  }
  expect_failures = [terraform_data.settings]
}

run "more_names_than_a_pattern_holds" {
  command = plan
  variables {
    topic_arns = [for i in range(30) : "arn:aws:sns:eu-west-1:111122223333:a-topic-with-a-name-that-is-rather-long-${i}"]
  }
  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "wrong_values_one_by_one" {
  command = plan
  variables {
    name                          = "a name"
    retry_hours                   = 25
    alarm_topic_arns              = ["on-call"]
    iam_role_permissions_boundary = "boundary"
    kms_key_arn                   = "alias/mine"
    slack_bot_token_ssm_parameter = "slack/token"
    slack_bot_token_secret_arn    = "slack"
    slack_hook_url_ssm_parameter  = "slack/webhook"
    slack_hook_url_secret_arn     = "webhook"
    api_destination_arn           = "by-hand"
    slack_channel_id              = "#alerts"
    slack_api_url                 = "http://slack.com/api"
    log_bucket_names              = ["arn:aws:s3:::trail-logs"]
    log_key_arns                  = ["alias/logs"]
    function_names                = ["arn:aws:lambda:eu-west-1:111122223333:function:x"]
    event_rule_names              = ["arn:aws:events:eu-west-1:111122223333:rule/x"]
    queue_arns                    = ["https://sqs.eu-west-1.amazonaws.com/111122223333/x"]
    topic_arns                    = ["alerts"]
    table_arns                    = ["table"]
    role_names                    = ["arn:aws:iam::111122223333:role/x"]
  }
  expect_failures = [
    var.name, var.retry_hours, var.alarm_topic_arns, var.iam_role_permissions_boundary, var.kms_key_arn,
    var.slack_bot_token_ssm_parameter, var.slack_bot_token_secret_arn, var.slack_hook_url_ssm_parameter,
    var.slack_hook_url_secret_arn, var.api_destination_arn, var.slack_channel_id, var.slack_api_url,
    var.log_bucket_names, var.log_key_arns, var.function_names, var.event_rule_names, var.queue_arns, var.topic_arns,
    var.table_arns, var.role_names,
  ]
}

run "what_is_no_token_is_refused" {
  command = plan
  variables {
    slack_bot_token  = "https://hooks.slack.com/services/T/B/x"
    slack_channel_id = "C0123456789"
  }
  expect_failures = [terraform_data.settings]
}

run "what_is_no_webhook_is_refused" {
  command = plan
  variables {
    slack_bot_token  = null
    slack_channel_id = null
    slack_hook_url   = "https://team.slack.com/archives/C0123456789"
  }
  expect_failures = [terraform_data.settings]
}

# By a precondition, which does not show the value; a variable's own validation would.
run "a_secret_in_the_place_of_its_reference_is_refused" {
  command = plan

  variables {
    slack_bot_token_ssm_parameter = "xoxb-1"
    slack_channel_id              = "https://hooks.slack.com/services/T/B/x"
  }

  expect_failures = [terraform_data.settings]
}
