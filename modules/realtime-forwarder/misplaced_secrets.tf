# A token or a webhook that was put into a variable for something else is used nowhere and shown nowhere. A validation of
# the variable would print its value with the error, so validations let it pass, and a precondition refuses it.

locals {
  # As in the validations, in which no local value may stand before Terraform 1.9.
  secret_pattern = "(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B"

  # The variables that are one string, and what a plan that is going to fail uses in place of a secret.
  strings = {
    target_region                 = [var.target_region, "us-east-1"]
    target_event_bus_arn          = [var.target_event_bus_arn, "arn:aws:events:us-east-1:000000000000:event-bus/bus"]
    name                          = [var.name, "cloudtrail-realtime-forwarder"]
    iam_role_permissions_boundary = [var.iam_role_permissions_boundary, null]
  }
  misplaced = { for name, pair in local.strings : name => can(regex(local.secret_pattern, pair[0])) }
  given     = { for name, pair in local.strings : name => local.misplaced[name] ? pair[1] : pair[0] }
}
