# What the function reads as config.json: rules, routes and switches; never a secret. And what a plan shows of it.

locals {
  # "" and null are the same: none. Whether a secret is given is no secret.
  bot_token_given      = nonsensitive(sensitive(var.slack_bot_token != null && var.slack_bot_token != ""))
  webhook_given        = nonsensitive(sensitive(var.default_slack_hook_url != null && var.default_slack_hook_url != ""))
  webhook_routes_given = nonsensitive(sensitive(length(coalesce(var.configuration, [])) > 0))
  has_bot              = local.bot_token_given || local.given.slack_bot_token_ssm_parameter != null || local.given.slack_bot_token_secret_arn != null
  has_webhook          = local.webhook_given || local.given.default_slack_hook_url_ssm_parameter != null || local.given.default_slack_hook_url_secret_arn != null
  has_webhook_routes   = local.webhook_routes_given || length(var.slack_webhook_configuration) > 0
  has_sns              = local.create_alerts_topic || local.default_topic_given || length(local.sns_routes) > 0
  slack_routes         = [for route in coalesce(var.slack_app_configuration, []) : { for key, value in route : key => value if value != null }]
  sns_routes           = [for route in coalesce(var.sns_configuration, []) : { for key, value in route : key => value if value != null }]
  added_destinations = { for name, destination in var.destinations : name => merge(
    { routes = [for route in destination.routes : { for key, value in route : key => value if value != null }] },
    destination.default == null ? {} : { default = destination.default },
  ) }
  default_topic_given = local.given.default_sns_topic_arn != null && local.given.default_sns_topic_arn != ""
  subscriptions_given = length(var.aws_sns_topic_subscriptions) + length(var.sns_topic_subscriptions) > 0
  create_alerts_topic = var.create_sns_topic != null ? var.create_sns_topic : local.subscriptions_given ? !local.default_topic_given : false
  default_topic_arn   = local.create_alerts_topic ? aws_sns_topic.events_to_sns[0].arn : local.default_topic_given ? local.given.default_sns_topic_arn : null
  # Threads need it. Where the token is known only after apply, its channel says that there is a bot; `anytrue`, unlike
  # `||`, knows its answer as soon as one of them is true.
  has_state_table       = anytrue([var.deduplicate_deliveries, local.has_bot, local.channel_given])
  channel_given         = trimspace(coalesce(local.given.default_slack_channel_id, " ")) != ""
  bucket_account_id     = coalesce(local.given.cloudtrail_logs_s3_bucket_account_id, local.account_id)
  bucket_in_own_account = local.bucket_account_id == local.account_id

  # Not the resources' own ARNs, which are known only after apply: so would be config.json, and whether it changes.
  own_role_arns = concat(
    [local.create_role ? "${local.role_arn_start}${local.global_name}" : local.given.lambda_role_arn],
    !var.restart_logging ? [] : [local.create_restart_role ? "${local.role_arn_start}${local.restart_role_name}" : local.given.restart_logging_role_arn],
  )
  role_arn_start = "arn:${local.partition}:iam::${local.account_id}:role${local.given.iam_role_path}"

  config = {
    function_name                         = local.given.function_name
    use_default_rules                     = var.use_default_rules
    rules                                 = local.rules
    ignore_rules                          = local.ignore_rules
    events_to_track                       = local.events_to_track
    disabled_rules                        = var.disabled_rules
    detection_packs                       = var.detection_packs
    rule_severities                       = var.rule_severities
    rule_exceptions                       = var.rule_exceptions
    rule_evaluation_errors_to_slack       = var.rule_evaluation_errors_to_slack
    push_access_denied_cloudwatch_metrics = var.push_access_denied_cloudwatch_metrics
    s3_removed_object_notification        = var.s3_removed_object_notification
    slack                                 = { default_channel_id = local.given.default_slack_channel_id, routes = local.slack_routes }
    slack_webhook_routes                  = local.webhook_references
    sns                                   = { default_topic_arn = local.default_topic_arn, routes = local.sns_routes }
    dynamodb_time_to_live                 = var.dynamodb_time_to_live
    deduplicate_deliveries                = var.deduplicate_deliveries
    deduplication_time_to_live            = var.deduplication_time_to_live
    max_messages_per_channel              = var.max_messages_per_channel
    enable_realtime                       = var.enable_realtime
    enable_missing_log_data_alerts        = local.watches_log_sources
    missing_log_data_minimum_hours        = var.missing_log_data_minimum_hours
    own_role_arns                         = local.own_role_arns
    account_names                         = var.account_names
    account_names_from_organizations      = var.account_names_from_organizations
    destinations                          = local.added_destinations
  }
}

# Rules from everywhere they can be given: joined strings, objects, files. The tests in rule files stay there.

locals {
  joined_rules        = [for rule in split(local.given.rules_separator, coalesce(local.given.rules, " ")) : trimspace(rule) if trimspace(rule) != ""]
  joined_ignore_rules = [for rule in split(local.given.rules_separator, coalesce(local.given.ignore_rules, " ")) : trimspace(rule) if trimspace(rule) != ""]
  events_to_track     = [for name in split(",", coalesce(local.given.events_to_track, " ")) : trimspace(name) if trimspace(name) != ""]

  # Each rule of a file with where it stands, for messages. A tuple, because rules are texts or objects.
  file_rules = flatten([for path in var.rule_files : [
    for i, rule in try([for rule in yamldecode(file(path)).rules : rule], []) : { place = "${path}: rules[${i}]", rule = rule }
  ]])
  file_ignore_rules = flatten([for path in var.rule_files : [
    for i, rule in try([for rule in yamldecode(file(path)).ignore_rules : rule], []) : { place = "${path}: ignore_rules[${i}]", rule = rule }
  ]])

  rules = concat(
    local.joined_rules,
    [for rule in var.detection_rules : { for key, value in rule : key => value if value != null }],
    [for each in local.file_rules : try({ for key, value in each.rule : key => value if key != "tests" }, each.rule)],
  )
  ignore_rules = concat(
    local.joined_ignore_rules,
    [for rule in var.detection_ignore_rules : { for key, value in rule : key => value if value != null }],
    [for each in local.file_ignore_rules : try({ for key, value in each.rule : key => value if key != "tests" }, each.rule)],
  )

  # Where each rule was written, in the order of `rules` and `ignore_rules` above.
  rule_places = {
    rules = concat(
      [for i, rule in local.joined_rules : "rules[${i}]"],
      [for i, rule in var.detection_rules : "detection_rules[${i}]"],
      [for each in local.file_rules : each.place],
    )
    ignore_rules = concat(
      [for i, rule in local.joined_ignore_rules : "ignore_rules[${i}]"],
      [for i, rule in var.detection_ignore_rules : "detection_ignore_rules[${i}]"],
      [for each in local.file_ignore_rules : each.place],
    )
  }
}

# What a plan shows of config.json: rules by id (or expression), routes by destination, so that a change of one is a line.

locals {
  shown_rules = { for kind, rules in { rules = local.rules, ignore_rules = local.ignore_rules } : kind => [
    for rule in rules : {
      id         = try(tostring(rule.id), null)
      expression = trimspace(try(tostring(rule), tostring(rule.expression), jsonencode(rule)))
      others = [
        for key, value in try({ for key, value in rule : key => value }, {}) : "${key}: ${try(tostring(value), jsonencode(value))}"
        if value != null && !contains(["id", "expression"], key)
      ]
    }
  ] }
  shown_rule_lines = { for kind, rules in local.shown_rules : kind => {
    # Of two rules with one id or expression both are shown, and a precondition refuses the id.
    for rule in rules : coalesce(rule.id, rule.expression, "-") => join(", ", concat(rule.id == null ? [] : [rule.expression], rule.others))...
  } }
}

locals {
  # The accounts of each route, and what else it says.
  shown_routes = { for kind, routes in {
    slack_channels    = local.slack_routes
    slack_webhooks    = local.webhook_references
    webhook_addresses = nonsensitive(sensitive([for route in local.webhook_addresses : { for key, value in route : key => value if key != "slack_hook_url" }]))
    sns_topics        = local.sns_routes
    } : kind => [for route in routes : join("", [
      join(", ", route.accounts),
      lookup(route, "min_severity", null) == null ? "" : " from severity ${lower(route.min_severity)}",
      lookup(route, "mention", null) == null ? "" : ", critical alerts mention ${route.mention}",
  ])] }
  webhook_names = [for route in local.webhook_references : coalesce(lookup(route, "slack_hook_url_ssm_parameter", null), lookup(route, "slack_hook_url_secret_arn", null), "-")]
  # Where an alert may have several routes, the first one applies.
  order_matters = { for kind, routes in local.routes_in_order : kind =>
  length(distinct(flatten(routes[*].accounts))) < length(flatten(routes[*].accounts)) || length(local.severe_routes[kind]) > 1 }
}

# Not as its input: of the output, which is the same, a plan would show all of it at each change.
resource "terraform_data" "configuration" {
  triggers_replace = {
    rules           = { for name, lines in local.shown_rule_lines.rules : name => join("; ", lines) }
    ignore_rules    = { for name, lines in local.shown_rule_lines.ignore_rules : name => join("; ", lines) }
    events_to_track = join(", ", local.events_to_track)
    slack_channels = merge(
      { default = local.config.slack.default_channel_id },
      { for channel, shown in { for i, route in local.slack_routes : route.slack_channel_id => local.shown_routes.slack_channels[i]... } : channel => join("; ", shown) },
    )
    # The addresses themselves are secrets.
    slack_webhooks = merge(
      { for name, shown in { for i, name in local.webhook_names : name => local.shown_routes.slack_webhooks[i]... } : name => join("; ", shown) },
      { for i, shown in local.shown_routes.webhook_addresses : "configuration[${i}]" => shown if !local.has_bot },
    )
    sns_topics = merge(
      { default = local.config.sns.default_topic_arn },
      { for i, route in local.sns_routes : "route ${i}" => "${route.sns_topic_arn}: ${local.shown_routes.sns_topics[i]}" },
    )
    order_of_channels = local.order_matters.slack_app_configuration ? join(", ", local.slack_routes[*].slack_channel_id) : ""
    order_of_webhooks = local.order_matters["configuration and slack_webhook_configuration"] ? join(", ", local.webhook_names) : ""
    warnings          = join("; ", local.warnings)
    # But what is shown above, and what follows from names that the plan shows elsewhere.
    settings = { for name, value in local.config : name => value if !contains(["rules", "ignore_rules", "events_to_track", "slack", "slack_webhook_routes", "sns", "function_name", "own_role_arns"], name) }
  }
}
