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

# Not as its input: of the output, which is the same, a plan would show all of it at each change.
resource "terraform_data" "configuration" {
  triggers_replace = {
    rules           = { for name, lines in local.shown_rule_lines.rules : name => join("; ", lines) }
    ignore_rules    = { for name, lines in local.shown_rule_lines.ignore_rules : name => join("; ", lines) }
    events_to_track = join(", ", local.events_to_track)
    slack_channels = merge(
      { default = local.config.slack.default_channel_id },
      { for channel, lists in { for route in local.slack_routes : route.slack_channel_id => route.accounts... } : channel => join(", ", flatten(lists)) },
    )
    sns_topics = merge(
      { default = local.config.sns.default_topic_arn },
      { for i, route in local.sns_routes : "route ${i}" => "${route.sns_topic_arn}: ${join(", ", route.accounts)}" },
    )
    settings = { for name, value in local.config : name => value if !contains(["rules", "ignore_rules", "events_to_track", "slack", "sns"], name) }
  }
}
