# Rules are checked by the function's own modules when Terraform plans; the same call derives the event patterns.

locals {
  # What the rules are made of, and nothing that is known only after apply.
  rules_config = {
    function_name     = local.given.function_name
    use_default_rules = var.use_default_rules
    rules             = local.rules
    ignore_rules      = local.ignore_rules
    events_to_track   = local.events_to_track
    disabled_rules    = var.disabled_rules
    detection_packs   = var.detection_packs
    rule_severities   = var.rule_severities
    rule_exceptions   = var.rule_exceptions
  }
  rule_check_program   = "${path.module}/src/cloudtrail_to_slack_build/plan/program.py"
  rule_check_no_python = jsonencode({ unchecked = "there is no python3 where Terraform runs" })
  rule_check_failed    = jsonencode({ unchecked = "python3 fails where Terraform runs" })

  # `unchecked` says why rules could not be checked; then everything else is missing.
  rule_check = {
    unchecked                   = lookup(data.external.rule_check.result, "unchecked", "")
    errors                      = jsondecode(lookup(data.external.rule_check.result, "errors", "[]"))
    warnings                    = jsondecode(lookup(data.external.rule_check.result, "warnings", "[]"))
    patterns                    = jsondecode(lookup(data.external.rule_check.result, "patterns", "[]"))
    rules_without_event_pattern = jsondecode(lookup(data.external.rule_check.result, "rules_without_event_pattern", "[]"))
  }
}

data "external" "rule_check" {
  program = local.on_windows ? ["python", local.rule_check_program] : [
    "sh", "-c", "command -v python3 >/dev/null || { printf %s \"$1\"; exit 0; }; found=$(python3 \"$0\") || found=$2; printf %s \"$found\"",
    local.rule_check_program, local.rule_check_no_python, local.rule_check_failed,
  ]
  query = {
    config    = jsonencode(local.rules_config)
    places    = jsonencode(local.rule_places)
    file_keys = jsonencode({ for path in var.rule_files : path => try(keys(yamldecode(file(path))), []) })
    separator = local.given.rules_separator
    joined    = jsonencode({ rules = length(local.joined_rules), ignore_rules = length(local.joined_ignore_rules) })
  }
}

check "rules" {
  assert {
    condition     = local.rule_check.unchecked == ""
    error_message = "The rules are not checked: ${local.rule_check.unchecked}. The function checks them when it starts, and reports what is wrong. Install Python 3.9 or newer to find mistakes at plan."
  }

  assert {
    condition     = var.check_rules_at_plan || length(local.rule_check.errors) == 0
    error_message = "The function cannot use these rules as they are written:\n\n${join("\n\n", local.rule_check.errors)}"
  }

  assert {
    condition     = length(local.rule_check.warnings) == 0
    error_message = "These rules are probably not what you mean:\n\n${join("\n\n", local.rule_check.warnings)}"
  }
}
