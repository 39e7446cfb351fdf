# The function that starts a trail's logging again: EventBridge sends it each StopLogging within seconds.
#
# It runs the same code with another handler, and has its own role with few permissions.

locals {
  restart_name  = "${local.short_name}-restart-logging"
  restart_count = var.restart_logging ? 1 : 0

  # The role and the function use the same list. A name may be one of any region: the event names the home region.
  own_trails = "arn:${local.partition}:cloudtrail:*:${local.account_id}:trail/"
  restart_trail_arns = distinct(concat(
    length(var.restart_logging_trails) == 0 || contains(var.restart_logging_trails, "*") ? ["${local.own_trails}*"] : [],
    [for trail in var.restart_logging_trails : startswith(trail, "arn:") ? trail : "${local.own_trails}${trail}" if trail != "*"],
  ))

  # What the other function has, but for what this one does not know.
  restart_environment = merge(
    { for name, value in local.environment : name => value if !contains(["CONFIG_PATH", "SLACK_WEBHOOK_ROUTES"], name) },
    {
      ACCOUNT_ID        = local.account_id
      RESTART_TRAILS    = jsonencode(local.restart_trail_arns)
      RESTARTS_PER_HOUR = tostring(var.restart_logging_max_per_hour)
    },
    local.has_bot ? { SLACK_CHANNEL_ID = coalesce(local.given.restart_logging_slack_channel_id, local.given.default_slack_channel_id, "-") } : {},
    local.given.restart_logging_maintenance_ssm_parameter == null ? {} : { MAINTENANCE_SSM_PARAMETER = local.given.restart_logging_maintenance_ssm_parameter },
  )

  restart_alarms = {
    errors = {
      description = "An invocation of ${local.restart_name} failed: Slack was not notified, or CloudTrail did not answer. Lambda retries it."
      namespace   = "AWS/Lambda", metric = "Errors"
    }
    left-stopped = {
      description = "Someone stopped a trail, and ${local.restart_name} could not start it, or not yet, or has started it too often to go on: look now. Slack and its log say which and why."
      namespace   = "CloudTrailToSlack", metric = "LoggingLeftStopped"
    }
  }
}

resource "aws_cloudwatch_log_group" "restart_logging" {
  #checkov:skip=CKV_AWS_338:How long is lambda_logs_retention_in_days; the log holds ids and what was done, and the trail keeps the events.
  count = local.restart_count

  name              = "/aws/lambda/${local.restart_name}"
  retention_in_days = var.lambda_logs_retention_in_days
  kms_key_id        = local.given.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "restart_logging" {
  #checkov:skip=CKV_AWS_117:It talks to AWS and Slack alone; in a VPC it would need ways out to both.
  #checkov:skip=CKV_AWS_272:Terraform zips the code where it runs, so there is no other signature to check.
  count = local.restart_count

  function_name = local.restart_name
  description   = "Starts a CloudTrail trail again after its logging was stopped"
  role          = local.restart_role_arn

  filename         = local.function_zip
  source_code_hash = filebase64sha256(local.function_zip)
  layers           = local.code_layer_arns
  handler          = "cloudtrail_to_slack.auto_restart.handler.lambda_handler"
  runtime          = local.given.lambda_runtime
  architectures    = [local.given.lambda_architecture]

  memory_size                    = 256
  timeout                        = 60
  reserved_concurrent_executions = coalesce(var.restart_logging_reserved_concurrent_executions, -1)
  kms_key_arn                    = local.given.kms_key_arn

  environment {
    variables = local.restart_environment
  }

  dead_letter_config {
    target_arn = local.dead_letter_target_arn
  }

  tracing_config {
    mode = var.enable_xray_tracing ? "Active" : "PassThrough"
  }

  tags = local.tags

  # Without the log group Lambda makes one of its own, without the policy the first invocations fail.
  depends_on = [aws_cloudwatch_log_group.restart_logging, aws_iam_role_policy.restart_logging, terraform_data.settings]

  lifecycle {
    precondition {
      condition     = local.has_state_table
      error_message = "restart_logging counts in the state table how often a trail was started, and there is none: leave out deduplicate_deliveries = false, or use the Slack bot."
    }

    precondition {
      condition     = local.has_bot || local.has_webhook
      error_message = "restart_logging says in Slack what it did: set the bot's token with default_slack_channel_id, or the default webhook (default_slack_hook_url_ssm_parameter, _secret_arn or default_slack_hook_url)."
    }

    precondition {
      condition     = local.has_bot || local.given.restart_logging_slack_channel_id == null
      error_message = "restart_logging_slack_channel_id is for the bot, and there is none: leave it out, or set the bot's token."
    }

    # Source: AWS Lambda Developer Guide, "Lambda quotas": 4 KB for all environment variables.
    precondition {
      condition     = length(jsonencode(local.restart_trail_arns)) <= 2500
      error_message = "restart_logging_trails is too long for the function's environment: name fewer trails, or \"*\"."
    }
  }
}

# On the default bus: AWS's own events arrive there and nowhere else. modules/realtime-forwarder forwards those of
# other regions to it.
resource "aws_cloudwatch_event_rule" "restart_logging" {
  count = local.restart_count

  name        = local.restart_name
  description = "Someone stopped a trail"
  tags        = local.tags

  # Only AWS can put events with a source that begins with "aws.".
  event_pattern = jsonencode({
    source      = ["aws.cloudtrail"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["cloudtrail.amazonaws.com"]
      eventName   = ["StopLogging"]
      errorCode   = [{ exists = false }]
    }
  })

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_target" "restart_logging" {
  count = local.restart_count

  rule      = aws_cloudwatch_event_rule.restart_logging[0].name
  target_id = "restart-logging"
  arn       = aws_lambda_function.restart_logging[0].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185 # the most there is: time decides
  }

  dynamic "dead_letter_config" {
    for_each = local.create_dead_letters ? aws_sqs_queue.dead_letters[*].arn : []
    content {
      arn = dead_letter_config.value
    }
  }

  # What EventBridge may do must be settled before it does it.
  depends_on = [aws_lambda_permission.restart_logging, aws_sqs_queue_policy.dead_letters]
}

resource "aws_lambda_permission" "restart_logging" {
  count = local.restart_count

  statement_id   = "AllowExecutionFromEventBridge"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.restart_logging[0].function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.restart_logging[0].arn
  source_account = local.account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.restart_logging[0].id]
  }
}

# The role of the function that starts logging again: of CloudTrail, starting and looking, on the trails named; beside
# that, what it needs to count, to notify and to fail.

locals {
  restart_secret_arns = distinct(compact([local.given.slack_bot_token_secret_arn, local.has_bot ? null : local.given.default_slack_hook_url_secret_arn]))
  restart_parameter_arns = { for use, name in {
    slack       = local.has_bot ? local.given.slack_bot_token_ssm_parameter : local.given.default_slack_hook_url_ssm_parameter
    maintenance = local.given.restart_logging_maintenance_ssm_parameter
    } : use => startswith(name, "arn:") ? name : "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter/${trimprefix(name, "/")}"
  if name != null }

  create_restart_role = var.restart_logging && var.create_roles ? local.given.restart_logging_role_arn == null : false
  restart_role_arn    = local.create_restart_role ? aws_iam_role.restart_logging[0].arn : local.given.restart_logging_role_arn == null ? "${local.role_arn_start}${local.restart_role_name}" : local.given.restart_logging_role_arn
  restart_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for sid, statement in local.restart_statements : merge({ Sid = sid, Effect = "Allow" }, { for key, value in statement : key => try(one(value), value) }) if statement != null]
  })

  restart_statements = {
    RestartTrails = {
      Action   = ["cloudtrail:StartLogging", "cloudtrail:GetTrailStatus"]
      Resource = local.restart_trail_arns
    }
    WriteLogs = {
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.restart_name}:*"]
    }
    # Only its own items: it can forge no thread and no delivery. Source: Amazon DynamoDB Developer Guide, "Using IAM
    # policy conditions for fine-grained access control".
    CountRestarts = {
      Action   = ["dynamodb:UpdateItem"]
      Resource = [local.own_arns.table]
      Condition = {
        "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = "restart#*" }
        Null                      = { "dynamodb:LeadingKeys" = "false" }
      }
    }
    ReadMaintenanceSwitch = !contains(keys(local.restart_parameter_arns), "maintenance") ? null : {
      Action   = ["ssm:GetParameter"]
      Resource = [local.restart_parameter_arns.maintenance]
    }
    ReadParameter = !contains(keys(local.restart_parameter_arns), "slack") ? null : {
      Action   = ["ssm:GetParameter"]
      Resource = [local.restart_parameter_arns.slack]
    }
    ReadSecret = length(local.restart_secret_arns) == 0 ? null : {
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.restart_secret_arns
    }
    SendToDeadLetterTarget = local.statements.SendToDeadLetterTarget
    UseKmsKeys             = local.statements.UseKmsKeys
    WriteTraces            = local.statements.WriteTraces
  }
}

resource "aws_iam_role" "restart_logging" {
  count = local.create_restart_role ? 1 : 0

  name                 = local.restart_role_name
  description          = "The function ${local.restart_name}"
  path                 = local.given.iam_role_path
  permissions_boundary = local.given.iam_role_permissions_boundary
  tags                 = local.tags

  assume_role_policy = local.lambda_trust_policy
}

resource "aws_iam_role_policy" "restart_logging" {
  count = var.restart_logging && (local.create_restart_role || var.attach_role_policies) ? 1 : 0

  name   = local.restart_name
  role   = local.create_restart_role ? aws_iam_role.restart_logging[0].id : reverse(split("/", coalesce(local.given.restart_logging_role_arn, "-")))[0]
  policy = local.restart_role_policy

  lifecycle {
    # A policy of another name takes effect before the old one is gone.
    create_before_destroy = true
  }
}
