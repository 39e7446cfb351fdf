# Starting a trail's logging again when somebody stopped it.

variable "restart_logging" {
  description = "Restart a trail's logging when someone stops it, and report it in Slack, with a second small function."
  type        = bool
  default     = false
  nullable    = false
}

variable "restart_logging_trails" {
  description = "Trails that may be restarted: names (of this account, in any region) or ARNs; empty or \"*\": all trails of this account."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # Source: AWS CloudTrail User Guide, "Naming requirements for CloudTrail resources, S3 buckets, and KMS keys".
    condition = alltrue([
      for trail in var.restart_logging_trails :
      trail == "*" || (
        can(regex("^(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/)?[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$", trail)) &&
        can(regex("^.{3,128}$", element(split("/", trail), length(split("/", trail)) - 1)))
      )
    ])
    error_message = "restart_logging_trails must hold names of trails (3 to 128 letters and digits, parted by single periods, underscores or hyphens), ARNs of trails (arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME) or \"*\"; wrong: ${join(", ", [for i, trail in var.restart_logging_trails : "[${i}] \"${trail}\"" if trail != "*" && !(can(regex("^(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/)?[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$", trail)) && can(regex("^.{3,128}$", element(split("/", trail), length(split("/", trail)) - 1))))])}."
  }
}

variable "restart_logging_max_per_hour" {
  description = "How often one trail is restarted within an hour, 1 to 20; after that it stays stopped and the alarm goes off."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.restart_logging_max_per_hour >= 1 && var.restart_logging_max_per_hour <= 20 && floor(var.restart_logging_max_per_hour) == var.restart_logging_max_per_hour
    error_message = "restart_logging_max_per_hour must be a whole number from 1 to 20, not ${var.restart_logging_max_per_hour}."
  }
}

variable "restart_logging_maintenance_ssm_parameter" {
  description = "Name or ARN of an SSM parameter that may hold a time such as 2026-03-14T18:00:00Z, at most seven days ahead, until which no trail is restarted; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.restart_logging_maintenance_ssm_parameter == null ? true : can(regex("^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/)?[a-zA-Z0-9_./-]+$", var.restart_logging_maintenance_ssm_parameter))
    error_message = "restart_logging_maintenance_ssm_parameter must be the name (/cloudtrail/maintenance-until) or the ARN of an SSM parameter, not the time itself: \"${coalesce(var.restart_logging_maintenance_ssm_parameter, "-")}\"."
  }
}

variable "restart_logging_slack_channel_id" {
  description = "Channel for the bot's messages about stopped trails; null: `default_slack_channel_id`. Without a bot, the default webhook is used."
  type        = string
  default     = null

  validation {
    condition     = var.restart_logging_slack_channel_id == null ? true : can(regex("^[A-Z0-9]+$", var.restart_logging_slack_channel_id))
    error_message = "restart_logging_slack_channel_id must be the id of a channel (such as C0123456789), not \"${coalesce(var.restart_logging_slack_channel_id, "-")}\"."
  }
}

variable "restart_logging_reserved_concurrent_executions" {
  description = "Reserved concurrency of the function that restarts trails, taken from the account's, so that others cannot use it up; null: none."
  type        = number
  default     = null

  validation {
    condition     = var.restart_logging_reserved_concurrent_executions == null ? true : var.restart_logging_reserved_concurrent_executions >= 1
    error_message = "restart_logging_reserved_concurrent_executions must be at least 1 (0 would stop the function), or null for none reserved."
  }
}
