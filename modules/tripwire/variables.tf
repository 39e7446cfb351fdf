# ---------------------------------------------------------------------------
# How the tripwire is called, and how its own failures are kept and reported
# ---------------------------------------------------------------------------

variable "name" {
  description = "Prefix of the names of everything that is created. Another instance in the same region needs another."
  type        = string
  default     = "cloudtrail-tripwire"
  nullable    = false

  # Rules, the connection and the role take 64 characters; the longest ending made here has 27.
  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.name)) || (can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,35}$", var.name)))
    error_message = "name may have at most 36 letters, digits, hyphens and underscores, not \"${var.name}\"."
  }
}

variable "report_refused_attempts" {
  description = "Report calls that AWS refused, too: attempts without permission."
  type        = bool
  default     = true
  nullable    = false
}

variable "retry_hours" {
  description = "For how many hours EventBridge retries before it puts the event into the dead-letter queue."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.retry_hours >= 1 && var.retry_hours <= 24 && floor(var.retry_hours) == var.retry_hours
    error_message = "retry_hours must be a whole number from 1 to 24, not ${var.retry_hours}."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics for the alarm on messages that could not be posted. Better not through the same Slack app."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])
    error_message = "alarm_topic_arns must be ARNs of SNS topics; wrong: ${join(", ", [for i, arn in var.alarm_topic_arns : "[${i}] = ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", arn))])}."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the dead-letter queue; null: SQS's own. Its policy must contain the output `kms_key_policy`."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.kms_key_arn)) || (var.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key_arn)))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not \"${coalesce(var.kms_key_arn, "-")}\"."
  }
}

variable "iam_role_permissions_boundary" {
  description = "ARN of the permissions boundary of the role that EventBridge assumes."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.iam_role_permissions_boundary)) || (var.iam_role_permissions_boundary == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$", var.iam_role_permissions_boundary)))
    error_message = "iam_role_permissions_boundary must be the ARN of a policy (arn:aws:iam::ACCOUNT:policy/NAME), or null, not ${jsonencode(var.iam_role_permissions_boundary)}."
  }
}

variable "tags" {
  description = "Tags on every resource that supports them."
  type        = map(string)
  default     = {}
  nullable    = false
}

# ---------------------------------------------------------------------------
# Slack: a bot's token, a webhook, or an API destination created elsewhere. Exactly one of the seven is given.
# ---------------------------------------------------------------------------

variable "slack_bot_token" {
  description = "Token of the Slack bot. It ends up in Terraform's state, as do the references below; `api_destination_arn` does not."
  type        = string
  default     = null
  sensitive   = true
}

variable "slack_bot_token_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the bot's token, read at plan."
  type        = string
  default     = null

  validation {
    condition = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_bot_token_ssm_parameter)) || (var.slack_bot_token_ssm_parameter == null ? true : (
      can(regex("^((arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]+)$", var.slack_bot_token_ssm_parameter))
    ))
    error_message = "slack_bot_token_ssm_parameter must be the name (/slack/token; a name with slashes begins with one) or the ARN of an SSM parameter; it must not be the token itself. For a secret of Secrets Manager there is slack_bot_token_secret_arn."
  }
}

variable "slack_bot_token_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds the bot's token as plain text, read at plan."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_bot_token_secret_arn)) || (var.slack_bot_token_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}$", var.slack_bot_token_secret_arn)))
    error_message = "slack_bot_token_secret_arn must be the whole ARN of a secret, with the six characters at its end (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the token itself."
  }
}

variable "slack_hook_url" {
  description = "URL of an incoming webhook. It ends up in Terraform's state, as do the references below."
  type        = string
  default     = null
  sensitive   = true
}

variable "slack_hook_url_ssm_parameter" {
  description = "Name or ARN of the SSM parameter that holds the webhook's URL, read at plan."
  type        = string
  default     = null

  validation {
    condition = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_hook_url_ssm_parameter)) || (var.slack_hook_url_ssm_parameter == null ? true : (
      can(regex("^((arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?(/[a-zA-Z0-9_.-]+)+|[a-zA-Z0-9_.-]+)$", var.slack_hook_url_ssm_parameter))
    ))
    error_message = "slack_hook_url_ssm_parameter must be the name (/slack/webhook; a name with slashes begins with one) or the ARN of an SSM parameter; it must not be the address itself. For a secret of Secrets Manager there is slack_hook_url_secret_arn."
  }
}

variable "slack_hook_url_secret_arn" {
  description = "ARN of the Secrets Manager secret that holds the webhook's URL as plain text, read at plan."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_hook_url_secret_arn)) || (var.slack_hook_url_secret_arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}$", var.slack_hook_url_secret_arn)))
    error_message = "slack_hook_url_secret_arn must be the whole ARN of a secret, with the six characters at its end (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX); it must not be the address itself."
  }
}

variable "api_destination_arn" {
  description = "ARN of an API destination created elsewhere, so that this state contains no secret. With `slack_channel_id` it must be chat.postMessage, without it a webhook."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.api_destination_arn)) || (var.api_destination_arn == null ? true : can(regex("^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:api-destination/.+$", var.api_destination_arn)))
    error_message = "api_destination_arn must be the ARN of an API destination (arn:aws:events:REGION:ACCOUNT:api-destination/NAME/ID)."
  }
}

variable "slack_channel_id" {
  description = "Channel to which the bot posts; required with the bot, and not used by a webhook."
  type        = string
  default     = null

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_channel_id)) || (var.slack_channel_id == null ? true : can(regex("^[CDGUW][A-Z0-9]+$", var.slack_channel_id)))
    error_message = "slack_channel_id must be the ID of a channel (such as C0123456789), not its name."
  }
}

variable "slack_api_url" {
  description = "Base of Slack's API (GovSlack: https://slack-gov.com/api/)."
  type        = string
  default     = "https://slack.com/api/"
  nullable    = false

  validation {
    condition     = can(regex("(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B", var.slack_api_url)) || (can(regex("^https://[!-~]+/$", var.slack_api_url)) && !can(regex("//hooks[.]", var.slack_api_url)))
    error_message = "slack_api_url must be an https address that ends with a slash, such as https://slack-gov.com/api/."
  }
}

# ---------------------------------------------------------------------------
# What is watched beside CloudTrail itself. Lists, because their length is known when their values are not; null is skipped.
# ---------------------------------------------------------------------------

variable "log_bucket_names" {
  description = "Names of the buckets to which trails deliver."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.log_bucket_names : name == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "log_bucket_names must be names of buckets, not ARNs or addresses; wrong: ${join(", ", [for i, name in var.log_bucket_names : "[${i}] = ${replace(jsonencode(name), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if name == null ? false : !can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])}."
  }
}

variable "log_key_arns" {
  description = "ARNs of the KMS keys that encrypt the log files."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.log_key_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", arn))])
    error_message = "log_key_arns must be ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID), not aliases; wrong: ${join(", ", [for i, arn in var.log_key_arns : "[${i}] = ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", arn))])}."
  }
}

variable "function_names" {
  description = "Names of the functions that alert: code, configuration, concurrency, permissions, event sources, deletion."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.function_names : name == null ? true : can(regex("^[a-zA-Z0-9_-]{1,64}$", name))])
    error_message = "function_names must be names of functions of this account, not ARNs; wrong: ${join(", ", [for i, name in var.function_names : "[${i}] = ${replace(jsonencode(name), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if name == null ? false : !can(regex("^[a-zA-Z0-9_-]{1,64}$", name))])}."
  }
}

variable "event_rule_names" {
  description = "Names of EventBridge rules on which the alerts depend. The tripwire's own are always watched."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.event_rule_names : name == null ? true : can(regex("^[a-zA-Z0-9._-]{1,64}$", name))])
    error_message = "event_rule_names must be names of rules, not ARNs; wrong: ${join(", ", [for i, name in var.event_rule_names : "[${i}] = ${replace(jsonencode(name), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if name == null ? false : !can(regex("^[a-zA-Z0-9._-]{1,64}$", name))])}."
  }
}

variable "queue_arns" {
  description = "ARNs of the queues through which alerts pass or in which they are kept. The tripwire's own is always watched."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.queue_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])
    error_message = "queue_arns must be ARNs of SQS queues; wrong: ${join(", ", [for i, arn in var.queue_arns : "[${i}] = ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])}."
  }
}

variable "topic_arns" {
  description = "ARNs of the topics through which alerts or log file notifications pass."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.topic_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])
    error_message = "topic_arns must be ARNs of SNS topics; wrong: ${join(", ", [for i, arn in var.topic_arns : "[${i}] = ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_.-]+$", arn))])}."
  }
}

variable "table_arns" {
  description = "ARNs of the tables that keep the alerts' state."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.table_arns : arn == null ? true : can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[a-zA-Z0-9_.-]+$", arn))])
    error_message = "table_arns must be ARNs of DynamoDB tables; wrong: ${join(", ", [for i, arn in var.table_arns : "[${i}] = ${replace(jsonencode(arn), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if arn == null ? false : !can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[a-zA-Z0-9_.-]+$", arn))])}."
  }
}

variable "role_names" {
  description = "Names of the functions' roles. The tripwire's own is always watched. IAM's events exist in us-east-1 only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.role_names : name == null ? true : can(regex("^[a-zA-Z0-9_+=,.@-]{1,64}$", name))])
    error_message = "role_names must be names of roles, not ARNs; wrong: ${join(", ", [for i, name in var.role_names : "[${i}] = ${replace(jsonencode(name), "/(?i)\"[^\"]*(xox|xapp-|hooks[.]|services/t)[^\"]*\"/", "(hidden)")}" if name == null ? false : !can(regex("^[a-zA-Z0-9_+=,.@-]{1,64}$", name))])}."
  }
}
