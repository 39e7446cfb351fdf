# The names of everything that is created, where they are not simply `function_name` and an ending.
#
# A function's name is unique in an account and region, so what is named after it is too. Three defaults are not: the
# table's, the fan-out topic's, and whatever IAM and CloudWatch dashboards keep once for all regions of an account.

locals {
  # The default, and that of the module this one replaces. With them the default names stay as they are.
  first_names = ["cloudtrail-to-slack", "fivexl-cloudtrail-to-slack"]

  role_name         = coalesce(var.role_name, var.function_name)
  restart_role_name = "${local.role_name}-restart-logging"
  dashboard_name    = replace(local.role_name, "/[^A-Za-z0-9_-]/", "-")

  derived_table_name  = var.derive_names && var.create_dynamodb_table && var.dynamodb_table_name == "cloudtrail-to-slack-table"
  created_table_name  = local.derived_table_name ? "${var.function_name}-table" : var.dynamodb_table_name
  derived_fanout_name = var.derive_names && var.s3_sns_fanout_topic_name == "cloudtrail-s3-notifications" && !contains(local.first_names, var.function_name)
  fanout_topic_name   = local.derived_fanout_name ? "${var.function_name}-s3-notifications" : var.s3_sns_fanout_topic_name
  alerts_topic_name   = coalesce(var.sns_topic_name, var.function_name)

  # Statements to paste must differ where two instances' policies meet in one.
  sid_ending = contains(local.first_names, local.role_name) ? "" : replace(title(replace(local.role_name, "/[^A-Za-z0-9]+/", " ")), " ", "")
}
