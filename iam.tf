# The function's role: its permissions, statement by statement. What is not used has no statement.

locals {
  # With `create_roles = false` this is known, whatever is known of the ARN.
  create_role = var.create_roles ? local.given.lambda_role_arn == null : false
  write_role  = local.create_role || var.attach_role_policies
  # Where none is given, a precondition says so, and the provider need not.
  role_arn  = local.create_role ? aws_iam_role.this[0].arn : local.given.lambda_role_arn == null ? "${local.role_arn_start}${local.global_name}" : local.given.lambda_role_arn
  role_name = local.create_role ? aws_iam_role.this[0].name : reverse(split("/", coalesce(local.given.lambda_role_arn, "-")))[0]

  # ARNs from names, not from what is created, so that the policy waits for none of it: when the module takes over from
  # the earlier one, the role's old policies are removed meanwhile.
  own_arns = {
    fanout        = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.fanout_topic_name}"
    alerts        = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.alerts_topic_name}"
    dead_letters  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"
    notifications = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.queue_name}"
    table         = "arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${local.create_table ? local.created_table_name : local.given.dynamodb_table_name}"
  }
  # What the routes refer to. Their number is known when Terraform plans, what they refer to may not be.
  routed_topics = [for route in local.sns_routes : route.sns_topic_arn]
  given_webhooks = [
    for route in var.slack_webhook_configuration : coalesce(route.slack_hook_url_secret_arn,
      startswith(coalesce(route.slack_hook_url_ssm_parameter, "-"), "arn:") ? route.slack_hook_url_ssm_parameter : "${local.parameter_arn}/${trimprefix(coalesce(route.slack_hook_url_ssm_parameter, "-"), "/")}",
    )
  ]
  routed_webhooks = [for arn in local.given_webhooks : arn if !local.has_bot]
  parameter_arn   = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter"

  # Few of them stand in the role's own policy; many in policies of their own, which together have more room.
  # Source: IAM User Guide, "IAM and AWS STS quotas": 10,240 characters for a role's own policies, 6,144 for each managed
  # policy, and ten of these for a role.
  # Whether there is a bot, beside which webhooks are not used, may not be known; how many policies there are must be.
  routes_apart      = length(local.routed_topics) + length(local.given_webhooks) > 40
  routes_per_policy = max(50, ceil((length(local.routed_topics) + length(local.given_webhooks)) / 8))
  route_chunks = !local.routes_apart ? {} : merge(
    { for i, arns in chunklist(local.routed_topics, local.routes_per_policy) : "topics-${i}" => arns },
    { for i, arns in chunklist(local.given_webhooks, local.routes_per_policy) : "webhooks-${i}" => arns },
  )
  # As they are where they fit. Else an account's number in a name stands for that of any account, and where even this is
  # too long, a name goes as far as its last slash, or its first hyphen, dot or underscore.
  route_forms = { for name, arns in local.route_chunks : name => [
    distinct(arns),
    distinct([for arn in arns : replace(replace(arn, "/(:secretsmanager:.*)-[A-Za-z0-9]{6}$/", "$1-??????"), "/[0-9]{12}([^:0-9][^:]*)?$/", "????????????$1")]),
    distinct([for arn in arns : replace(
      replace(arn, can(regex("^arn:[^:]+:ssm:", arn)) ? "/^(.*:parameter/[^:]+/)[^:/]*$/" : "/^(.*:[^:]+/)[^:/]*$/", "$1*"),
      "/^(.*:(?:parameter/)?[^:/._-]+[._-])[^:/]*$/", "$1*",
    )]),
  ] }
  route_resources = { for name, forms in local.route_forms : name => try([for form in forms : form if length(jsonencode(form)) <= 5800][0], forms[2]) }
  route_policies = { for name, arns in local.route_resources : name => jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in [
      { Sid = "PublishAlerts", Effect = "Allow", Action = "sns:Publish", Resource = [for arn in arns : arn if can(regex("^arn:[a-z-]+:sns:", arn))] },
      { Sid = "ReadParameters", Effect = "Allow", Action = "ssm:GetParameter", Resource = [for arn in arns : arn if can(regex("^arn:[a-z-]+:ssm:", arn))] },
      { Sid = "ReadSecrets", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = [for arn in arns : arn if can(regex("^arn:[a-z-]+:secretsmanager:", arn))] },
    ] : statement if length(statement.Resource) > 0]
  }) }

  topic_arns = distinct(compact(concat([local.create_alerts_topic ? local.own_arns.alerts : local.default_topic_arn], local.routes_apart ? [] : local.routed_topics)))

  # References to secrets that are in use: with the bot, webhooks are not read.
  own_references = compact(concat(
    [for name in [local.given.slack_bot_token_ssm_parameter, local.has_bot ? null : local.given.default_slack_hook_url_ssm_parameter] :
    name == null ? null : startswith(name, "arn:") ? name : "${local.parameter_arn}/${trimprefix(name, "/")}"],
    [local.given.slack_bot_token_secret_arn, local.has_bot ? null : local.given.default_slack_hook_url_secret_arn],
    local.routes_apart ? [] : local.routed_webhooks,
  ))
  ssm_parameter_arns = distinct([for arn in local.own_references : arn if can(regex("^arn:[^:]+:ssm:", arn))])
  secret_arns        = distinct([for arn in local.own_references : arn if can(regex("^arn:[^:]+:secretsmanager:", arn))])

  # Nothing is looked up, because the key may be created together with the function, or belong to another account. An
  # alias allows the keys that have it. Source: AWS KMS Developer Guide, "kms:ResourceAliases".
  logs_key       = trimspace(coalesce(local.given.cloudtrail_logs_kms_key_id, " "))
  logs_key_given = local.logs_key != ""
  logs_key_alias = try(regex("^(?:arn:[a-z0-9:-]+:)?(alias/.+)$", local.logs_key)[0], null)
  logs_key_arn = replace(
    startswith(local.logs_key, "arn:") ? local.logs_key : "arn:${local.partition}:kms:${local.region}:${local.account_id}:key/${local.logs_key}",
    "/:(key/)?alias/.*$/", ":key/*",
  )
  used_key_arns = distinct(compact(concat([local.given.kms_key_arn], var.additional_kms_key_arns)))

  # Keys serve the services that encrypt with them, and no call of KMS itself. The documentation names these services with
  # amazonaws.com; where a partition has an ending of its own, either form counts, because nothing could be decrypted with
  # the wrong one alone. Source: AWS KMS Developer Guide, "kms:ViaService".
  via_endings = distinct([local.dns_suffix, "amazonaws.com"])
  # A key is used in its own region, which for a topic, a parameter or a secret may be another.
  key_regions = distinct(concat([local.region], [for arn in local.used_key_arns : element(split(":", arn), 3)]))
  # That of the log files' key is their bucket's.
  logs_via_services = [for ending in local.via_endings : "s3.${element(split(":", local.logs_key_arn), 3)}.${ending}"]
  used_via_services = sort(flatten([
    for region in local.key_regions : [
      for service in ["dynamodb", "lambda", "secretsmanager", "sns", "sqs", "ssm"] : [
        for ending in local.via_endings : "${service}.${region}.${ending}"
      ]
    ]
  ]))

  statements = {
    ReadLogFiles = {
      Action   = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource = ["${local.bucket_arn}/${local.given.s3_notification_filter_prefix}*"]
    }
    DecryptLogFiles = !local.logs_key_given ? null : merge(
      { Action = ["kms:Decrypt"], Resource = [local.logs_key_arn] },
      { Condition = merge(
        { StringEquals = { "kms:ViaService" = local.logs_via_services } },
        local.logs_key_alias == null ? {} : { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = [local.logs_key_alias] } },
      ) },
    )
    # It has no resources. Source: Service Authorization Reference, "Actions defined by AWS Organizations".
    NameAccounts = !var.account_names_from_organizations ? null : {
      Action   = ["organizations:ListAccounts"]
      Resource = ["*"]
    }
    WriteLogs = {
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.given.function_name}:*"]
    }
    StateTableAccess = !local.has_state_table ? null : {
      Action   = concat(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], local.watches_log_sources ? ["dynamodb:BatchGetItem"] : [])
      Resource = [local.own_arns.table]
    }
    PublishAlerts = length(local.topic_arns) == 0 ? null : {
      Action   = ["sns:Publish"]
      Resource = local.topic_arns
    }
    ReadParameters = length(local.ssm_parameter_arns) == 0 ? null : {
      Action   = ["ssm:GetParameter"]
      Resource = local.ssm_parameter_arns
    }
    ReadSecrets = length(local.secret_arns) == 0 ? null : {
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.secret_arns
    }
    ConsumeQueue = !var.enable_sqs_queue ? null : {
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      Resource = [local.own_arns.notifications]
    }
    SendToDeadLetterTarget = {
      Action   = [!local.create_dead_letter_queue && local.dead_letter_target_is_topic ? "sns:Publish" : "sqs:SendMessage"]
      Resource = [local.create_dead_letter_queue ? local.own_arns.dead_letters : local.given.dead_letter_target_arn]
    }
    UseKmsKeys = length(local.used_key_arns) == 0 ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = local.used_key_arns
      Condition = { StringEquals = { "kms:ViaService" = local.used_via_services } }
    }
    # Lambda uses the role to put the function into the VPC; these actions know no resources beforehand. Source: AWS
    # Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
    ManageNetworkInterfaces = length(var.lambda_vpc_subnet_ids) == 0 ? null : {
      Action = [
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
      ]
      Resource = ["*"]
    }
    # Lambda itself needs them, and the function's code does not. Source: as above.
    DenyNetworkInterfacesToCode = length(var.lambda_vpc_subnet_ids) == 0 ? null : {
      Effect    = "Deny"
      Action    = ["ec2:*"]
      Resource  = ["*"]
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.given.function_name}" } }
    }
    # X-Ray knows no resources. Source: Service Authorization Reference, AWS X-Ray.
    WriteTraces = !var.enable_xray_tracing ? null : {
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = ["*"]
    }
  }
}

locals {
  # Lambda alone assumes the roles, and for functions of this account alone.
  lambda_trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role" "this" {
  count = local.create_role ? 1 : 0

  name                 = local.global_name
  description          = "The function ${local.given.function_name}"
  path                 = local.given.iam_role_path
  permissions_boundary = local.given.iam_role_permissions_boundary
  tags                 = local.tags
  assume_role_policy   = local.lambda_trust_policy
}

resource "aws_iam_role_policy" "this" {
  count = local.write_role ? 1 : 0

  name   = local.given.function_name
  role   = local.create_role ? aws_iam_role.this[0].id : local.role_name
  policy = local.role_policy

  lifecycle {
    # A policy of another name takes effect before the old one is gone.
    create_before_destroy = true

    precondition {
      condition     = length(local.role_policy) <= 10240
      error_message = "The role's policy would have ${length(local.role_policy)} characters, and IAM's limit is 10240: use shorter names, or fewer additional_kms_key_arns."
    }
  }
}

locals {
  role_policy = jsonencode({
    Version = "2012-10-17"
    # A list of one is written as its element: IAM takes it for the same, and a plan shows it on one line.
    Statement = [for sid, statement in local.statements : merge({ Sid = sid, Effect = "Allow" }, { for key, value in statement : key => try(one(value), value) }) if statement != null]
  })
}

# Topics and webhooks of many routes.
resource "aws_iam_policy" "routes" {
  for_each = { for name, arns in local.route_chunks : name => arns if local.write_role }

  name        = "${local.global_name}-${each.key}"
  description = "Routes of the function ${local.given.function_name}"
  policy      = local.route_policies[each.key]
  tags        = local.tags

  lifecycle {
    precondition {
      condition     = length(local.route_policies[each.key]) <= 6144
      error_message = "A policy for ${length(each.value)} routes would have ${length(local.route_policies[each.key])} characters, and IAM's limit is 6144: give topics, parameters or secrets of accounts names that differ in the account's number alone (alerts-111122223333), or a common beginning that ends with a slash or a hyphen."
    }
  }
}

resource "aws_iam_role_policy_attachment" "routes" {
  for_each = { for name, arns in local.route_chunks : name => arns if local.write_role }

  role       = local.create_role ? aws_iam_role.this[0].name : local.role_name
  policy_arn = aws_iam_policy.routes[each.key].arn
}

# Policies that others must add to what they own: to the log bucket, to its key, to the key given to this module.

locals {
  trail_bucket_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "CloudTrailToSlackReadsLogFiles${local.sid_ending}"
      Effect    = "Allow"
      Principal = { AWS = local.role_arn }
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = "${local.bucket_arn}/${local.given.s3_notification_filter_prefix}*"
    }]
  }

  # In a key's policy "*" is that key.
  trail_key_policy = {
    Sid       = "CloudTrailToSlackDecryptsLogFiles${local.sid_ending}"
    Effect    = "Allow"
    Principal = { AWS = local.role_arn }
    Action    = "kms:Decrypt"
    Resource  = "*"
    Condition = { StringEquals = { "kms:ViaService" = local.logs_via_services } }
  }

  # The rules that send to a queue of this module.
  queue_rule_arns = distinct(concat(
    var.enable_sqs_queue ? concat(aws_cloudwatch_event_rule.log_files[*].arn, aws_cloudwatch_event_rule.realtime[*].arn) : [],
    local.create_dead_letters ? local.dead_letter_rule_arns : [],
  ))

  own_key_users = {
    # Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
    "logs.${local.region}.${local.dns_suffix}" = {
      Action = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = [
        for name in concat([local.given.function_name], var.restart_logging ? [local.restart_name] : []) :
        "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${name}"
      ] } }
    }
    # Amazon S3 User Guide, "Configuring a bucket for notifications": to topics and queues that are encrypted.
    "s3.amazonaws.com" = !local.bucket_notifies || local.bucket_notifies_function ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = local.only_the_bucket
    }
    "sns.amazonaws.com" = !var.enable_sqs_queue || length(local.trigger_topic_arns) == 0 ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = { ArnEquals = { "aws:SourceArn" = local.trigger_topic_arns } }
    }
    "events.amazonaws.com" = length(local.queue_rule_arns) == 0 ? null : {
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = { ArnEquals = { "aws:SourceArn" = local.queue_rule_arns }, StringEquals = { "aws:SourceAccount" = local.account_id } }
    }
  }
  own_key_policy = [for service, use in local.own_key_users : merge(
    { Sid = "CloudTrailToSlack${title(split(".", service)[0])}${local.sid_ending}", Effect = "Allow", Principal = { Service = service }, Resource = "*" }, use,
  ) if use != null]
}
