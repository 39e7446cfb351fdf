# Checks across several variables, before anything is created: errors first, warnings below. Checks of one variable are
# its validations.

locals {
  # Each is a condition of its own below, so that one whose answer is known only after apply does not hold up the others.
  wrong = {
    token_given_twice   = length([for given in [local.bot_token_given, local.given.slack_bot_token_ssm_parameter != null, local.given.slack_bot_token_secret_arn != null] : given if given]) > 1
    webhook_given_twice = length([for given in [local.webhook_given, local.given.default_slack_hook_url_ssm_parameter != null, local.given.default_slack_hook_url_secret_arn != null] : given if given]) > 1
    # Not validations of the variables, which print the value.
    misplaced_secret               = anytrue(values(local.misplaced))
    token_is_none                  = local.bot_token_given ? nonsensitive(sensitive(!can(regex("^(xoxe[.])?xox[bp]-[!-~]+$", var.slack_bot_token)))) : false
    webhook_is_none                = local.webhook_given ? nonsensitive(sensitive(!(can(regex("^https?://[!-~]+$", var.default_slack_hook_url)) && (!can(regex("(?i)^https?://([a-z0-9-]+[.])*slack(-gov)?[.]com(:|/|$)", var.default_slack_hook_url)) || can(regex("^https://hooks[.]slack(-gov)?[.]com/services/", var.default_slack_hook_url)))))) : false
    environment_too_large          = local.environment_bytes > 4096
    too_many_route_policies        = length(local.route_chunks) > 10
    control_tower_prefix           = local.control_tower_bucket && !local.control_tower_prefix_fits
    bot_without_channel            = local.has_bot && trimspace(coalesce(local.given.default_slack_channel_id, " ")) == ""
    no_destination                 = !local.has_bot && !local.has_webhook && !local.has_webhook_routes && !local.has_sns && length(var.destinations) == 0
    no_rule                        = !var.use_default_rules && length(local.rules) == 0 && length(local.events_to_track) == 0
    rules_cannot_be_used           = var.check_rules_at_plan && length(local.rule_check.errors) > 0
    patterns_not_derived           = local.derive_realtime && local.rule_check.unchecked != ""
    fanout_without_topic           = var.enable_s3_sns_fanout && !var.create_s3_sns_fanout_topic && local.given.s3_sns_fanout_topic_arn == null
    cloudtrail_topic_missing       = var.enable_cloudtrail_sns_topic && local.given.cloudtrail_sns_topic_arn == null
    triggers_given_twice           = length([for enabled in [var.enable_s3_sns_fanout, var.enable_eventbridge_trigger, var.enable_cloudtrail_sns_topic] : enabled if enabled]) > 1
    package_and_layer              = local.given.lambda_package != null && local.given.dependencies_layer_arn != null
    package_missing                = local.given.lambda_package == null || local.given.lambda_package_sha256 != null ? false : !try(fileexists(local.given.lambda_package), false)
    digest_without_package         = local.given.lambda_package == null && local.given.lambda_package_sha256 != null
    no_dependencies                = local.given.lambda_package == null && !local.create_dependencies_layer && local.given.dependencies_layer_arn == null
    role_missing                   = !var.create_roles && local.given.lambda_role_arn == null
    restart_role_missing           = var.restart_logging && !var.create_roles && local.given.restart_logging_role_arn == null
    notified_of_itself             = anytrue(values(local.own_messages))
    messages_to_a_topic            = var.create_dead_letter_queue == null ? false : !var.create_dead_letter_queue && var.enable_sqs_queue && local.dead_letter_target_is_topic
    two_default_topics             = coalesce(var.create_sns_topic, false) && local.default_topic_given
    failed_invocations_lost        = !local.create_dead_letter_queue && local.given.dead_letter_target_arn == null
    realtime_without_deduplication = var.enable_realtime && !var.deduplicate_deliveries
    too_many_patterns              = length(local.realtime_event_patterns) > 100
    patterns_without_use           = !var.enable_realtime && var.realtime_event_patterns != null
    missing_log_data_without_table = var.enable_missing_log_data_alerts == null ? false : var.enable_missing_log_data_alerts && !local.has_state_table
    subscriptions_of_one_name      = length(setintersection(keys(var.aws_sns_topic_subscriptions), keys(var.sns_topic_subscriptions))) > 0
    half_a_network                 = (length(var.lambda_vpc_subnet_ids) == 0) != (length(var.lambda_vpc_security_group_ids) == 0)
    another_region                 = anytrue(values(local.another_region))
    another_account                = local.place_is_known ? anytrue([for arn in [local.given.lambda_role_arn, local.given.restart_logging_role_arn] : try(element(split(":", arn), 4) != local.account_id, false)]) : false
    dead_letters_elsewhere         = !var.enable_sqs_queue || local.create_dead_letters || !local.place_is_known ? false : try(element(split(":", local.given.dead_letter_target_arn), 4) != local.account_id, false)
    another_partition              = local.place_is_known ? anytrue(values(local.another_partition)) : false
    queue_starts_too_many          = var.sqs_maximum_concurrency == null || var.lambda_reserved_concurrent_executions == null ? false : var.sqs_maximum_concurrency > var.lambda_reserved_concurrent_executions
  }
}

locals {
  # In tests with plain mocks there is no account, region or partition; main.tf has something plausible for each.
  place_is_known = alltrue([
    data.aws_caller_identity.current.account_id == local.account_id, data.aws_region.current.id == local.region,
    data.aws_partition.current.partition == local.partition,
  ])
  # What Lambda, CloudWatch, KMS, SQS and S3 take from their own region alone, and topics to which only a provider of their
  # region subscribes. Sources: AWS Lambda Developer Guide, "Managing Lambda dependencies with layers"; Amazon CloudWatch
  # User Guide, "Using Amazon CloudWatch alarms"; AWS KMS Developer Guide, "Multi-Region keys in AWS KMS"; Amazon SQS
  # Developer Guide, "Using dead-letter queues in Amazon SQS"; the provider's aws_sns_topic_subscription.
  another_region = { for name, arns in {
    alarm_topic_arns               = var.alarm_topic_arns
    kms_key_arn                    = [local.given.kms_key_arn]
    dependencies_layer_arn         = [local.given.dependencies_layer_arn]
    lambda_code_signing_config_arn = [local.given.lambda_code_signing_config_arn]
    dead_letter_target_arn         = [local.given.dead_letter_target_arn]
    s3_sns_fanout_topic_arn        = [local.given.s3_sns_fanout_topic_arn]
    cloudtrail_sns_topic_arn       = [local.given.cloudtrail_sns_topic_arn]
  } : name => local.place_is_known ? anytrue([for arn in arns : try(element(split(":", arn), 3) != local.region, false)]) : false }
  another_partition = { for name, arns in merge({ for name, value in local.given : name => [value] }, {
    sns_configuration       = local.routed_topics
    restart_logging_trails  = var.restart_logging_trails
    additional_kms_key_arns = var.additional_kms_key_arns
  }) : name => anytrue([for arn in arns : try(startswith(arn, "arn:") && element(split(":", arn), 1) != local.partition, false)]) }

  # What notifies the function, and what else is sent there: that would invoke the function again, and so on.
  notifying_arns = compact([
    local.create_fanout_topic ? local.own_arns.fanout : var.enable_s3_sns_fanout ? local.given.s3_sns_fanout_topic_arn : null,
    var.enable_cloudtrail_sns_topic ? local.given.cloudtrail_sns_topic_arn : null,
    var.enable_sqs_queue ? local.own_arns.notifications : null,
  ])
  own_messages = { for use, arns in {
    "alerts (default_sns_topic_arn, or sns_topic_name)" = [local.create_alerts_topic ? local.own_arns.alerts : local.default_topic_arn]
    "alerts (sns_configuration)"                        = local.routed_topics
    "failed invocations (dead_letter_target_arn)"       = [local.given.dead_letter_target_arn]
    "alarms (alarm_topic_arns)"                         = var.alarm_topic_arns
  } : use => anytrue([for arn in arns : contains(local.notifying_arns, arn) if arn != null]) }

  # Source: AWS Control Tower User Guide, "Logging and monitoring": keys are <organization>/AWSLogs/<organization or account>/…
  control_tower_bucket      = startswith(local.given.cloudtrail_logs_s3_bucket_name, "aws-controltower-logs-")
  control_tower_prefix_fits = can(regex("^(|o|o-[a-z0-9]{0,32}|o-[a-z0-9]{10,32}/(A|AW|AWS|AWSL|AWSLo|AWSLog|AWSLogs)?|o-[a-z0-9]{10,32}/AWSLogs/((o(-.*)?|[0-9]{1,12}|[0-9]{12}/.*))?)$", local.given.s3_notification_filter_prefix))
}

resource "terraform_data" "settings" {
  lifecycle {
    precondition {
      condition     = !local.wrong.token_given_twice
      error_message = "The bot's token is given more than once: keep one of slack_bot_token, slack_bot_token_ssm_parameter and slack_bot_token_secret_arn."
    }

    precondition {
      condition     = !local.wrong.webhook_given_twice
      error_message = "The default webhook is given more than once: keep one of default_slack_hook_url, default_slack_hook_url_ssm_parameter and default_slack_hook_url_secret_arn."
    }

    precondition {
      condition     = !local.wrong.misplaced_secret
      error_message = "${join(", ", [for name, is_secret in local.misplaced : name if is_secret])} must be a name, an ID, an ARN or another setting, and no secret: there is a Slack token or webhook in it, which is not shown here. A token belongs into slack_bot_token, a webhook into default_slack_hook_url, or either into an SSM parameter or a secret, whose name or ARN is given here."
    }

    precondition {
      condition     = !local.wrong.token_is_none
      error_message = "slack_bot_token must be a bot's token, which begins with xoxb- (\"Bot User OAuth Token\" under \"OAuth & Permissions\" of your Slack app), with no spaces or line breaks around it."
    }

    precondition {
      # Slack's other addresses (a channel's, a workflow's) take no such message; elsewhere there may be a proxy.
      condition     = !local.wrong.webhook_is_none
      error_message = "default_slack_hook_url must be the address of an incoming webhook (https://hooks.slack.com/services/…), with no spaces or line breaks around it."
    }

    precondition {
      condition     = !local.wrong.environment_too_large
      error_message = "The function's environment would have ${local.environment_bytes} bytes, and Lambda's limit is 4096: keep the webhooks of `configuration` in SSM parameters or secrets, and refer to them in slack_webhook_configuration, which has room for hundreds."
    }

    precondition {
      # Source: IAM User Guide, "IAM and AWS STS quotas": ten managed policies for a role.
      condition     = !local.wrong.too_many_route_policies
      error_message = "The routes of sns_configuration and slack_webhook_configuration need ${length(local.route_chunks)} policies, and a role can have 10: use fewer routes, or more accounts in each."
    }

    precondition {
      condition     = !local.wrong.control_tower_prefix
      error_message = "\"${local.given.cloudtrail_logs_s3_bucket_name}\" is Control Tower's log bucket, whose keys begin with the organization's ID, as in o-a1b2c3d4e5/AWSLogs/o-a1b2c3d4e5/111122223333/. No key can begin with \"${local.given.s3_notification_filter_prefix}\", so no log file would be read: set s3_notification_filter_prefix = \"o-<your organization's ID>/AWSLogs/\"."
    }

    precondition {
      condition     = !local.wrong.bot_without_channel
      error_message = "The bot needs a channel for accounts that no route names: set default_slack_channel_id (such as C0123456789)."
    }

    precondition {
      condition     = !local.wrong.no_destination
      error_message = "There is no destination, so no alert would be sent. Set slack_bot_token_ssm_parameter (or _secret_arn, or slack_bot_token) with default_slack_channel_id, or default_slack_hook_url_ssm_parameter (or _secret_arn, or default_slack_hook_url), or default_sns_topic_arn, or aws_sns_topic_subscriptions, or destinations."
    }

    precondition {
      condition     = !local.wrong.no_rule
      error_message = "There is no rule, so nothing could ever match. Set use_default_rules = true, or give detection_rules, rules, rule_files or events_to_track."
    }

    precondition {
      condition     = !local.wrong.rules_cannot_be_used
      error_message = "The function cannot use these rules as they are written (check_rules_at_plan = false makes this a warning):\n\n${join("\n\n", local.rule_check.errors)}"
    }

    precondition {
      condition     = !local.wrong.patterns_not_derived
      error_message = "No event patterns can be derived from the rules: ${local.rule_check.unchecked}. Install Python 3.9 or newer, or set realtime_event_patterns."
    }

    precondition {
      condition     = !local.wrong.fanout_without_topic
      error_message = "enable_s3_sns_fanout without a topic: set s3_sns_fanout_topic_arn, or leave create_s3_sns_fanout_topic = true."
    }

    precondition {
      condition     = !local.wrong.cloudtrail_topic_missing
      error_message = "enable_cloudtrail_sns_topic without a topic: set cloudtrail_sns_topic_arn."
    }

    precondition {
      condition     = !local.wrong.triggers_given_twice
      error_message = "The function would be notified of every log file more than once: set only one of enable_s3_sns_fanout, enable_eventbridge_trigger and enable_cloudtrail_sns_topic. enable_sqs_queue goes with each of them."
    }

    precondition {
      condition     = !local.wrong.package_and_layer
      error_message = "lambda_package holds the dependencies already: leave out dependencies_layer_arn, or lambda_package."
    }

    precondition {
      condition     = !local.wrong.package_missing
      error_message = "lambda_package must be the path of a zip, and there is no file \"${coalesce(local.given.lambda_package, "-")}\". Get it from a release or make it with `make package`; with lambda_package_sha256 it is needed only where a plan that changes it is applied."
    }

    precondition {
      condition     = !local.wrong.digest_without_package
      error_message = "lambda_package_sha256 is the digest of lambda_package, which is not given: set lambda_package, or leave lambda_package_sha256 out."
    }

    precondition {
      condition     = !local.wrong.no_dependencies
      error_message = "The function would have no dependencies: with create_dependencies_layer = false set dependencies_layer_arn."
    }

    precondition {
      condition     = !local.wrong.role_missing
      error_message = "create_roles = false, and the function has no role: set lambda_role_arn."
    }

    precondition {
      condition     = !local.wrong.restart_role_missing
      error_message = "create_roles = false, and the function of restart_logging has no role: set restart_logging_role_arn."
    }

    precondition {
      condition     = !local.wrong.notified_of_itself
      error_message = "What notifies the function of log files also receives ${join(" and ", [for use, wrong in local.own_messages : use if wrong])}, and each such message would invoke the function again: use another topic or queue."
    }

    precondition {
      condition     = !local.wrong.two_default_topics
      error_message = "create_sns_topic = true and default_sns_topic_arn are two default topics: leave out one of them."
    }

    precondition {
      condition     = !local.wrong.messages_to_a_topic
      error_message = "The queue's messages can only go to another queue, and dead_letter_target_arn is a topic: leave out create_dead_letter_queue = false, so that the module creates a queue for them, or give a queue."
    }

    precondition {
      condition     = !local.wrong.dead_letters_elsewhere
      error_message = "The queue's messages can only go to a queue of the same account, and dead_letter_target_arn belongs to another: leave it out, so that the module creates a queue, or give a queue of account ${local.account_id}."
    }

    precondition {
      condition     = !local.wrong.realtime_without_deduplication
      error_message = "enable_realtime brings each event twice, once within seconds and once with its log file: leave deduplicate_deliveries = true, so that it alerts once."
    }

    precondition {
      # Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas": 300 rules a bus.
      condition     = !local.wrong.too_many_patterns
      error_message = "The rules make ${length(local.realtime_event_patterns)} event patterns, and 100 are the most for one bus: set realtime_event_patterns to what is urgent."
    }

    precondition {
      condition     = !local.wrong.patterns_without_use
      error_message = "realtime_event_patterns is given and not used: set enable_realtime = true, or leave it out."
    }

    precondition {
      condition     = !local.wrong.failed_invocations_lost
      error_message = "Failed invocations would be lost: with create_dead_letter_queue = false set dead_letter_target_arn, or leave create_dead_letter_queue out."
    }

    precondition {
      condition     = !local.wrong.missing_log_data_without_table
      error_message = "enable_missing_log_data_alerts needs the state table, and there is none without a bot and with deduplicate_deliveries = false: leave out one of them."
    }

    precondition {
      condition     = !local.wrong.subscriptions_of_one_name
      error_message = "aws_sns_topic_subscriptions and sns_topic_subscriptions share names, and only one subscription of each could be created: ${join(", ", setintersection(keys(var.aws_sns_topic_subscriptions), keys(var.sns_topic_subscriptions)))}."
    }

    precondition {
      condition     = !local.wrong.half_a_network
      error_message = "A function in a VPC needs both lambda_vpc_subnet_ids and lambda_vpc_security_group_ids: give both, or none."
    }

    precondition {
      condition     = !local.wrong.another_region
      error_message = "The function is in ${local.region}, and these must be in its region: ${join(", ", [for name, wrong in local.another_region : name if wrong])}. Use ones of that region, or pass the module a provider of theirs."
    }

    precondition {
      condition     = !local.wrong.another_account
      error_message = "The function is in account ${local.account_id}, and Lambda takes no role of another account: correct lambda_role_arn or restart_logging_role_arn, or pass the module a provider of the role's account."
    }

    precondition {
      condition     = !local.wrong.another_partition
      error_message = "The function is in the partition ${local.partition}, and these name one of another: ${join(", ", [for name, wrong in local.another_partition : name if wrong])}. Their ARNs must begin with arn:${local.partition}:."
    }

    precondition {
      condition     = !local.wrong.queue_starts_too_many
      error_message = "sqs_maximum_concurrency is more than lambda_reserved_concurrent_executions, so the queue would start invocations that are refused: lower the former to ${coalesce(var.lambda_reserved_concurrent_executions, 0)}."
    }
  }
}

# S3 says to everybody whether a bucket exists and where. Not a data source of the provider, which fails where there is
# no bucket yet; in a `check` block it would make a cycle with whatever depends on this module.
data "external" "log_bucket" {
  count = var.create_bucket_notification && var.check_log_bucket ? 1 : 0

  program = local.on_windows ? ["python", "${local.build_source}/plan/bucket.py"] : [
    "sh", "-c", "found=$(python3 -B \"$0\" 2>/dev/null) || found={}; printf %s \"$found\"", "${local.build_source}/plan/bucket.py",
  ]
  query = {
    bucket   = local.given.cloudtrail_logs_s3_bucket_name
    endpoint = "https://s3.${local.region}.${local.dns_suffix}"
  }
}

locals {
  # Both empty where S3 could not be asked.
  log_bucket_status = one([for found in data.external.log_bucket[*].result : lookup(found, "status", "")])
  log_bucket_region = one([for found in data.external.log_bucket[*].result : lookup(found, "region", "")])
}

check "log_bucket" {
  assert {
    condition     = coalesce(local.log_bucket_status, "-") != "404"
    error_message = "There is no bucket ${local.given.cloudtrail_logs_s3_bucket_name}. Correct cloudtrail_logs_s3_bucket_name, unless this very apply creates the bucket: then pass its id (aws_s3_bucket.….id), so that the function waits for it."
  }

  assert {
    condition     = contains(["-", local.region], coalesce(local.log_bucket_region, "-"))
    error_message = "The log bucket ${local.given.cloudtrail_logs_s3_bucket_name} is in ${coalesce(local.log_bucket_region, "-")}, and the function would be in ${local.region}. A bucket notifies in its own region only: pass the module a provider of that region."
  }
}

check "prefix_in_another_case" {
  assert {
    condition     = !can(regex("(?i)(^|/)awslogs(/|$)", local.given.s3_notification_filter_prefix)) || can(regex("(^|/)AWSLogs(/|$)", local.given.s3_notification_filter_prefix))
    error_message = "s3_notification_filter_prefix is \"${local.given.s3_notification_filter_prefix}\", and CloudTrail writes AWSLogs: capital letters count, so no log file would be read."
  }
}

# `anytrue`, unlike `||`, knows its answer as soon as one of them is true, and a plan warns of a check that it does not know.
check "channels_without_bot" {
  assert {
    condition     = anytrue([local.has_bot, length(local.slack_routes) == 0])
    error_message = "slack_app_configuration is for the bot and has no effect without its token: set slack_bot_token_ssm_parameter, slack_bot_token_secret_arn or slack_bot_token."
  }

  assert {
    condition     = anytrue([local.has_bot, !local.channel_given])
    error_message = "default_slack_channel_id is for the bot and has no effect without its token: set slack_bot_token_ssm_parameter, slack_bot_token_secret_arn or slack_bot_token."
  }
}

check "webhooks_beside_bot" {
  assert {
    condition     = anytrue([!local.has_bot, !local.has_webhook && !local.has_webhook_routes])
    error_message = "The bot is used, and webhooks have no effect beside it: leave out ${join(", ", concat(local.has_webhook ? ["default_slack_hook_url (or its reference)"] : [], local.webhook_routes_given ? ["configuration"] : [], length(var.slack_webhook_configuration) > 0 ? ["slack_webhook_configuration"] : []))}, or the bot's token. For channels by account there is slack_app_configuration."
  }
}

check "token_of_a_user" {
  assert {
    condition     = !local.bot_token_given || !can(regex("^xoxp-", nonsensitive(sensitive(substr(coalesce(var.slack_bot_token, "-"), 0, 5)))))
    error_message = "slack_bot_token is a user's token (xoxp-…), so alerts appear as that user's messages and end when the user leaves: use the bot's token (xoxb-…)."
  }

  assert {
    condition     = !local.bot_token_given || !can(regex("^xoxe[.]", nonsensitive(sensitive(substr(coalesce(var.slack_bot_token, "-"), 0, 5)))))
    error_message = "slack_bot_token is a token that Slack rotates (xoxe.…) and expires within twelve hours: switch token rotation off in the app's settings, or keep the current token in an SSM parameter or a secret."
  }
}

check "settings_without_effect" {
  assert {
    condition     = anytrue([!local.subscriptions_given, local.create_alerts_topic])
    error_message = "aws_sns_topic_subscriptions and sns_topic_subscriptions have no effect beside default_sns_topic_arn or create_sns_topic = false, because the module only subscribes to a topic that it creates: leave out one of them, or subscribe to your topic yourself."
  }

  assert {
    condition     = local.given.s3_sns_fanout_topic_arn == null ? true : var.enable_s3_sns_fanout && !var.create_s3_sns_fanout_topic
    error_message = "s3_sns_fanout_topic_arn has no effect: set enable_s3_sns_fanout = true and create_s3_sns_fanout_topic = false to use that topic, or leave it out."
  }

  assert {
    condition     = local.given.cloudtrail_sns_topic_arn == null ? true : var.enable_cloudtrail_sns_topic
    error_message = "cloudtrail_sns_topic_arn has no effect: set enable_cloudtrail_sns_topic = true, or leave it out."
  }

  assert {
    condition     = coalesce(var.create_dead_letter_queue, false) ? local.given.dead_letter_target_arn == null : true
    error_message = "dead_letter_target_arn has no effect with create_dead_letter_queue = true: leave out one of them."
  }
}

check "one_role_for_two_functions" {
  assert {
    condition     = !var.restart_logging || local.given.lambda_role_arn == null || local.given.restart_logging_role_arn == null ? true : local.given.lambda_role_arn != local.given.restart_logging_role_arn
    error_message = "lambda_role_arn and restart_logging_role_arn are one role, so the function that reads log files may start trails too, and what one of them may do the other may: use two roles."
  }
}

check "bucket_of_another_account" {
  assert {
    condition     = anytrue([local.bucket_in_own_account, !var.create_bucket_notification])
    error_message = "The log bucket belongs to account ${local.bucket_account_id}, and only its owner can set its notification: set create_bucket_notification = false and hand the outputs bucket_notification_configuration and trail_bucket_policy to the owner."
  }
}
