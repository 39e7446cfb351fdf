# Rules from everywhere they can be given: joined texts, objects, files.

locals {
  joined_rules        = [for rule in split(var.rules_separator, coalesce(var.rules, " ")) : trimspace(rule) if trimspace(rule) != ""]
  joined_ignore_rules = [for rule in split(var.rules_separator, coalesce(var.ignore_rules, " ")) : trimspace(rule) if trimspace(rule) != ""]
  events_to_track     = [for name in split(",", coalesce(var.events_to_track, " ")) : trimspace(name) if trimspace(name) != ""]

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
    [for each in local.file_rules : each.rule],
  )
  ignore_rules = concat(
    local.joined_ignore_rules,
    [for rule in var.detection_ignore_rules : { for key, value in rule : key => value if value != null }],
    [for each in local.file_ignore_rules : each.rule],
  )

  rule_ids = concat(
    [for rule in var.detection_rules : rule.id if rule.id != null],
    [for each in local.file_rules : each.rule.id if try(each.rule.id, null) != null],
  )
  repeated_rule_ids = distinct([for id in local.rule_ids : id if length([for other in local.rule_ids : other if other == id]) > 1])

  # What cannot be a rule, each with its place and what is wrong.
  faulty_file_rules = concat(
    [
      for each in concat(local.file_rules, local.file_ignore_rules) : "${each.place} has no expression"
      if trimspace(try(tostring(each.rule), tostring(each.rule.expression), "")) == ""
    ],
    [
      for each in local.file_rules : "${each.place} has the severity ${jsonencode(each.rule.severity)}, and must have info, low, medium, high or critical"
      if !contains(["", "info", "low", "medium", "high", "critical"], lower(try(tostring(each.rule.severity), "")))
    ],
    [
      for each in local.file_rules : "${each.place} has keys that no rule has: ${join(", ", setsubtract(keys(each.rule), ["expression", "id", "title", "severity", "description", "runbook_url", "mitre"]))}"
      if length(setsubtract(try(keys(each.rule), []), ["expression", "id", "title", "severity", "description", "runbook_url", "mitre"])) > 0
    ],
    [
      for each in local.file_ignore_rules : "${each.place} has keys that no ignore rule has: ${join(", ", setsubtract(keys(each.rule), ["expression", "id", "reason", "expires"]))}"
      if length(setsubtract(try(keys(each.rule), []), ["expression", "id", "reason", "expires"])) > 0
    ],
    [
      for each in local.file_ignore_rules : "${each.place} expires on ${jsonencode(each.rule.expires)}, which is no day such as \"2027-01-31\""
      if try(each.rule.expires, null) != null && !can(formatdate("YYYY", "${try(each.rule.expires, "-")}T00:00:00Z"))
    ],
  )

  # Half an expression: what is left when a rule holds the separator. A lone bracket in a text looks the same.
  halved_rules = concat(
    [for i, rule in local.joined_rules : "rules[${i}]: ${substr(rule, 0, 80)}" if !local.balanced[rule]],
    [for i, rule in local.joined_ignore_rules : "ignore_rules[${i}]: ${substr(rule, 0, 80)}" if !local.balanced[rule]],
  )
  balanced = { for rule in distinct(concat(local.joined_rules, local.joined_ignore_rules)) : rule => alltrue([
    for pair in [["[(]", "[)]"], ["\\[", "\\]"], ["[{]", "[}]"]] : length(regexall(pair[0], rule)) == length(regexall(pair[1], rule))
  ]) }
}
