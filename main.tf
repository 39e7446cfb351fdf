# The function, its log, and the names of everything.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # The provider's version 6 calls `name` deprecated in favor of `region`, which 5 does not have; both have `id`.
  # In tests with plain mocks (`mock_provider "aws" {}`) all three are random strings, which the provider refuses in an
  # ARN; something plausible stands for them.
  region     = can(regex("^[a-z]+(-[a-z]+)+-[0-9]+$", data.aws_region.current.id)) ? data.aws_region.current.id : "us-east-1"
  account_id = can(regex("^[0-9]{12}$", data.aws_caller_identity.current.account_id)) ? data.aws_caller_identity.current.account_id : "000000000000"
  partition  = can(regex("^aws(-[a-z]+)*$", data.aws_partition.current.partition)) ? data.aws_partition.current.partition : "aws"
  # CloudWatch Logs' principal has the partition's own ending; those of other services end with amazonaws.com everywhere.
  # Source: botocore's partitions, dnsSuffix.
  dns_suffixes = {
    aws-cn    = "amazonaws.com.cn"
    aws-eusc  = "amazonaws.eu"
    aws-iso   = "c2s.ic.gov"
    aws-iso-b = "sc2s.sgov.gov"
    aws-iso-e = "cloud.adc-e.uk"
    aws-iso-f = "csp.hci.ic.gov"
  }
  dns_suffix = lookup(local.dns_suffixes, local.partition, "amazonaws.com")
  bucket_arn = "arn:${local.partition}:s3:::${local.given.cloudtrail_logs_s3_bucket_name}"
}

# The names of everything that is created, where they are not simply `function_name` and an ending.
#
# A function's name is unique in an account and region, so what is named after it is too. Three defaults are not: the
# table's, the fan-out topic's, and whatever IAM and CloudWatch dashboards keep once for all regions of an account.

locals {
  # The default, and that of the module this one replaces. With them the default names stay as they are.
  first_names = ["cloudtrail-to-slack", "fivexl-cloudtrail-to-slack"]

  # Functions, roles and rules take 64 characters, and up to 16 are added to this.
  short_name = length(local.given.function_name) <= 48 ? local.given.function_name : "${substr(local.given.function_name, 0, 39)}-${substr(sha256(local.given.function_name), 0, 8)}"

  # What exists once for all regions of an account: roles, policies, dashboards.
  global_name       = coalesce(local.given.role_name, local.given.function_name)
  restart_role_name = "${coalesce(local.given.role_name, local.short_name)}-restart-logging"
  dashboard_name    = replace(local.global_name, "/[^A-Za-z0-9_-]/", "-")

  derived_table_name  = var.derive_names && var.create_dynamodb_table && local.given.dynamodb_table_name == "cloudtrail-to-slack-table"
  created_table_name  = local.derived_table_name ? "${local.given.function_name}-table" : local.given.dynamodb_table_name
  derived_fanout_name = var.derive_names && local.given.s3_sns_fanout_topic_name == "cloudtrail-s3-notifications" && !contains(local.first_names, local.given.function_name)
  fanout_topic_name   = local.derived_fanout_name ? "${local.given.function_name}-s3-notifications" : local.given.s3_sns_fanout_topic_name
  alerts_topic_name   = coalesce(local.given.sns_topic_name, local.given.function_name)

  queue_name             = "${local.given.function_name}-notifications"
  dead_letter_queue_name = "${local.given.function_name}-dead-letters"

  # Statements to paste must differ where two instances' policies meet in one.
  sid_ending = contains(local.first_names, local.global_name) ? "" : replace(title(replace(local.global_name, "/[^A-Za-z0-9]+/", " ")), " ", "")
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:How long is lambda_logs_retention_in_days; the log holds counts and ids, and the trail keeps the events.
  # Created before whatever AWS hands to a second owner without a word (topics, queues, rules, alarms): where another
  # instance has this name, the apply ends here.
  name              = "/aws/lambda/${local.given.function_name}"
  retention_in_days = var.lambda_logs_retention_in_days
  kms_key_id        = local.given.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:It talks to AWS and Slack alone; in a VPC it would need ways out to both.
  #checkov:skip=CKV_AWS_272:Terraform zips the code where it runs, so there is no other signature to check.
  function_name = local.given.function_name
  description   = "Sends the CloudTrail events that matter to Slack and SNS"
  role          = local.role_arn

  filename         = local.function_zip
  source_code_hash = filebase64sha256(local.function_zip)
  layers           = concat(local.code_layer_arns, [aws_lambda_layer_version.config.arn])
  handler          = "cloudtrail_to_slack.handler.lambda_handler"
  runtime          = local.given.lambda_runtime
  architectures    = [local.given.lambda_architecture]
  publish          = true

  memory_size                    = var.lambda_memory_size
  timeout                        = var.lambda_timeout_seconds
  reserved_concurrent_executions = coalesce(var.lambda_reserved_concurrent_executions, -1)
  kms_key_arn                    = local.given.kms_key_arn

  environment {
    variables = local.environment
  }

  code_signing_config_arn = local.given.lambda_code_signing_config_arn

  dynamic "vpc_config" {
    for_each = length(var.lambda_vpc_subnet_ids) == 0 ? [] : [var.lambda_vpc_subnet_ids]
    content {
      subnet_ids         = vpc_config.value
      security_group_ids = var.lambda_vpc_security_group_ids
    }
  }

  dead_letter_config {
    target_arn = local.dead_letter_target_arn
  }

  tracing_config {
    mode = var.enable_xray_tracing ? "Active" : "PassThrough"
  }

  tags = local.tags

  # Without the log group Lambda makes one of its own, without the policy the first invocations fail.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this, aws_iam_role_policy_attachment.routes, terraform_data.settings]
}

# Two retries within six hours are what Lambda does by itself.
resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.lambda_maximum_retry_attempts == 2 && var.lambda_maximum_event_age_seconds == 21600 ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = var.lambda_maximum_retry_attempts
  maximum_event_age_in_seconds = var.lambda_maximum_event_age_seconds

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}

locals {
  # With the bot, webhooks are not used and not handed over. Addresses are secrets, references have room in config.json.
  webhook_addresses  = [for route in coalesce(var.configuration, []) : { for key, value in route : key => value if value != null }]
  webhook_references = [for route in var.slack_webhook_configuration : { for key, value in route : key => value if value != null } if !local.has_bot]
  webhook_routes = nonsensitive(sensitive(concat(
    [for route in coalesce(var.configuration, []) : { accounts = route.accounts, min_severity = route.min_severity }],
    [for route in var.slack_webhook_configuration : { accounts = route.accounts, min_severity = route.min_severity }],
  )))

  # Only what is given stands in the environment.
  # Source: AWS Lambda Developer Guide, "Lambda quotas": 4 KB for all environment variables.
  environment_bytes = nonsensitive(sensitive(sum([for name, value in local.environment : length(name) + length(value)])))
  environment = merge(
    { LOG_LEVEL = upper(local.given.log_level), CONFIG_PATH = "/opt/config.json" },
    local.has_state_table ? { DYNAMODB_TABLE_NAME = local.table_name } : {},
    local.given.slack_api_url == null ? {} : { SLACK_API_URL = local.given.slack_api_url },
    local.bot_token_given ? { SLACK_BOT_TOKEN = var.slack_bot_token } : {},
    local.given.slack_bot_token_ssm_parameter == null ? {} : { SLACK_BOT_TOKEN_SSM_PARAMETER = local.given.slack_bot_token_ssm_parameter },
    local.given.slack_bot_token_secret_arn == null ? {} : { SLACK_BOT_TOKEN_SECRET_ARN = local.given.slack_bot_token_secret_arn },
    local.has_bot ? {} : merge(
      local.webhook_given ? { SLACK_WEBHOOK_URL = var.default_slack_hook_url } : {},
      local.given.default_slack_hook_url_ssm_parameter == null ? {} : { SLACK_WEBHOOK_URL_SSM_PARAMETER = local.given.default_slack_hook_url_ssm_parameter },
      local.given.default_slack_hook_url_secret_arn == null ? {} : { SLACK_WEBHOOK_URL_SECRET_ARN = local.given.default_slack_hook_url_secret_arn },
      local.webhook_routes_given ? { SLACK_WEBHOOK_ROUTES = jsonencode(local.webhook_addresses) } : {},
    ),
  )
}
