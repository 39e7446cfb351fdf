# Routes that have no effect, because an earlier one takes all their alerts.

locals {
  # The routes by which alerts go, in order.
  severities = ["info", "low", "medium", "high", "critical"]
  routes_in_order = { for kind, routes in merge(
    {
      slack_app_configuration                         = [for route in coalesce(var.slack_app_configuration, []) : route if local.has_bot]
      "configuration and slack_webhook_configuration" = [for route in local.webhook_routes : route if !local.has_bot]
      sns_configuration                               = coalesce(var.sns_configuration, [])
    },
    { for name, destination in var.destinations : "destinations.${name}" => destination.routes },
    ) : kind => [for route in routes : {
      accounts = distinct(route.accounts)
      from     = route.min_severity == null ? -1 : index(local.severities, lower(route.min_severity))
  }] }
  accounts_in_two_routes = [
    for kind, found in { for kind, routes in local.routes_in_order : kind => flatten([for route in routes : route.accounts if route.from == -1]) } :
    "${kind}: ${join(", ", sort([for account, times in { for account in found : account => account... } : account if length(times) > 1]))}"
    if length(found) > length(distinct(found))
  ]
  # Of routes for severe alerts, those all of whose accounts have an earlier route that takes the same alerts.
  severe_routes = { for kind, routes in local.routes_in_order : kind => [for route in routes : route if route.from >= 0] }
  unused_severe_routes = flatten([for kind, routes in local.severe_routes : [
    for i, route in routes : "${kind}: ${join(", ", route.accounts)} from severity ${local.severities[route.from]}"
    if alltrue([for account in route.accounts : anytrue([
      for earlier in slice(routes, 0, i) : earlier.from <= route.from && length(setintersection(earlier.accounts, [account, "*"])) > 0
    ])])
  ]])
}

# The first route applies, so in a second one an account has no effect.
check "accounts_in_two_routes" {
  assert {
    condition     = length(local.accounts_in_two_routes) == 0
    error_message = "The first route that names an account applies, and later ones have no effect for it: ${join("; ", local.accounts_in_two_routes)}."
  }

  assert {
    condition     = length(local.unused_severe_routes) == 0
    error_message = "The first route whose severity fits applies, so these have no effect: ${join("; ", local.unused_severe_routes)}. Put routes for the most severe alerts first."
  }
}
