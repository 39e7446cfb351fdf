# What is told.

variable "use_default_rules" {
  description = "Whether the default rules apply."
  type        = bool
  default     = true
  nullable    = false
}

variable "rules" {
  description = "Rules, joined by `rules_separator`. `detection_rules` can hold more and needs no separator."
  type        = string
  default     = ""
}

variable "ignore_rules" {
  description = "Ignore rules, joined by `rules_separator`. `detection_ignore_rules` can hold more and needs no separator."
  type        = string
  default     = ""
}

variable "rules_separator" {
  description = "Separator between expressions in `rules` and `ignore_rules`."
  type        = string
  default     = ","
  nullable    = false

  validation {
    condition     = var.rules_separator != ""
    error_message = "rules_separator must not be empty: it is what parts one rule from the next. Use what no rule holds, such as \"%\" or a line break."
  }
}

variable "events_to_track" {
  description = "Event names, joined by commas; every event of such a name alerts."
  type        = string
  default     = ""
}

variable "detection_rules" {
  description = "Rules as objects: `expression`, and what the alert shows with it."
  type = list(object({
    expression  = string
    id          = optional(string)
    title       = optional(string)
    severity    = optional(string)
    description = optional(string)
    runbook_url = optional(string)
    mitre       = optional(list(string))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for rule in var.detection_rules : try(trimspace(rule.expression) != "", false)])
    error_message = "detection_rules: every rule needs an expression, such as event.get(\"eventName\") == \"DeleteTrail\"; missing in: ${join(", ", [for i, rule in var.detection_rules : "[${i}]${rule.id == null ? "" : " (id \"${rule.id}\")"}" if !try(trimspace(rule.expression) != "", false)])}."
  }

  validation {
    condition     = alltrue([for rule in var.detection_rules : rule.severity == null || contains(["info", "low", "medium", "high", "critical"], lower(coalesce(rule.severity, "-")))])
    error_message = "detection_rules: severity must be info, low, medium, high or critical; wrong: ${join(", ", [for i, rule in var.detection_rules : "[${i}].severity = \"${coalesce(rule.severity, " ")}\"" if rule.severity != null && !contains(["info", "low", "medium", "high", "critical"], lower(coalesce(rule.severity, "-")))])}."
  }

  validation {
    condition     = alltrue([for rule in var.detection_rules : rule.runbook_url == null || can(regex("^https?://[!-~]+$", rule.runbook_url))])
    error_message = "detection_rules: runbook_url must be a web address (https://…); wrong: ${join(", ", [for i, rule in var.detection_rules : "[${i}].runbook_url = \"${coalesce(rule.runbook_url, " ")}\"" if rule.runbook_url != null && !can(regex("^https?://[!-~]+$", rule.runbook_url))])}."
  }

  validation {
    # Source: MITRE ATT&CK, techniques T1562 and sub-techniques T1562.008.
    condition     = alltrue(flatten([for rule in var.detection_rules : [for technique in coalesce(rule.mitre, []) : can(regex("^T[0-9]{4}([.][0-9]{3})?$", technique))]]))
    error_message = "detection_rules: mitre lists techniques such as T1562 or T1562.008; wrong: ${join(", ", [for i, rule in var.detection_rules : "[${i}].mitre = ${jsonencode(rule.mitre)}" if anytrue([for technique in coalesce(rule.mitre, []) : !can(regex("^T[0-9]{4}([.][0-9]{3})?$", technique))])])}."
  }
}

variable "detection_ignore_rules" {
  description = "Ignore rules as objects: `expression`, the `reason`, and the last day on which it applies (`expires`, such as 2027-01-31)."
  type = list(object({
    expression = string
    id         = optional(string)
    reason     = optional(string)
    expires    = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for rule in var.detection_ignore_rules : try(trimspace(rule.expression) != "", false)])
    error_message = "detection_ignore_rules: every rule needs an expression, such as event.get(\"userIdentity.sessionContext.sessionIssuer.arn\") == \"arn:aws:iam::111122223333:role/vulnerability-scanner\"; missing in: ${join(", ", [for i, rule in var.detection_ignore_rules : "[${i}]" if !try(trimspace(rule.expression) != "", false)])}."
  }

  validation {
    condition     = alltrue([for rule in var.detection_ignore_rules : rule.expires == null || can(formatdate("YYYY", "${coalesce(rule.expires, "-")}T00:00:00Z"))])
    error_message = "detection_ignore_rules: expires must be a day such as 2027-01-31; wrong: ${join(", ", [for i, rule in var.detection_ignore_rules : "[${i}].expires = \"${coalesce(rule.expires, " ")}\"" if rule.expires != null && !can(formatdate("YYYY", "${coalesce(rule.expires, "-")}T00:00:00Z"))])}."
  }
}

variable "rule_files" {
  description = "Paths of YAML or JSON files with `rules` and `ignore_rules`: lists of expressions, or of objects like those of `detection_rules` and `detection_ignore_rules`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for path in var.rule_files : fileexists(path)])
    error_message = "rule_files: there is no file at ${join(", ", [for i, path in var.rule_files : "[${i}] \"${path}\"" if !fileexists(path)])}. Write paths from the folder of your own configuration as \"$${path.module}/…\"."
  }

  validation {
    condition     = alltrue([for path in var.rule_files : can(yamldecode(file(path)).rules) || can(yamldecode(file(path)).ignore_rules) if fileexists(path)])
    error_message = "rule_files: each must be YAML or JSON with a list named rules or ignore_rules; it is not in ${join(", ", [for i, path in var.rule_files : "[${i}] \"${path}\"" if fileexists(path) && !can(yamldecode(file(path)).rules) && !can(yamldecode(file(path)).ignore_rules)])}."
  }
}

variable "push_access_denied_cloudwatch_metrics" {
  description = "Emit metrics of access-denied events."
  type        = bool
  default     = true
  nullable    = false
}
