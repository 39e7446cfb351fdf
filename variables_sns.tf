# SNS topics that alerts are published to, by account.

variable "default_sns_topic_arn" {
  description = "Topic for accounts that no route names; null or empty: none."
  type        = string
  default     = null

  validation {
    condition     = var.default_sns_topic_arn == null || var.default_sns_topic_arn == "" ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.default_sns_topic_arn))
    error_message = "default_sns_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME), not \"${coalesce(var.default_sns_topic_arn, "-")}\"."
  }
}

variable "sns_configuration" {
  description = "Topics by account. The first route that names an account applies."
  type = list(object({
    accounts      = list(string)
    sns_topic_arn = string
  }))
  default = null

  validation {
    condition = alltrue([
      for route in coalesce(var.sns_configuration, []) :
      length(route.accounts) > 0 && alltrue([for account in route.accounts : can(regex("^[0-9]{12}$", account))])
    ])
    error_message = "sns_configuration: every route must list at least one account, each with 12 digits (as text, for leading zeros count); wrong: ${join(", ", [for i, route in coalesce(var.sns_configuration, []) : "[${i}].accounts = ${jsonencode(route.accounts)}" if length(route.accounts) == 0 || anytrue([for account in route.accounts : !can(regex("^[0-9]{12}$", account))])])}."
  }

  validation {
    condition     = alltrue([for route in coalesce(var.sns_configuration, []) : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", route.sns_topic_arn))])
    error_message = "sns_configuration: every sns_topic_arn must be the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME); wrong: ${join(", ", [for i, route in coalesce(var.sns_configuration, []) : "[${i}] ${jsonencode(route.sns_topic_arn)}" if !can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", route.sns_topic_arn))])}."
  }
}

variable "aws_sns_topic_subscriptions" {
  description = "Endpoint → protocol. If set and no default topic is given, the module creates a topic with these subscriptions and uses it."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # Source: Amazon SNS API Reference, Subscribe.
    condition = alltrue([
      for protocol in values(var.aws_sns_topic_subscriptions) :
      contains(["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"], protocol)
    ])
    error_message = "aws_sns_topic_subscriptions maps an endpoint to its protocol (application, email, email-json, firehose, http, https, lambda, sms, sqs), as in { \"soc@example.com\" = \"email\" }; wrong: ${join(", ", [for endpoint, protocol in var.aws_sns_topic_subscriptions : "\"${endpoint}\" = \"${protocol}\"" if !contains(["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"], protocol)])}."
  }
}

variable "sns_topic_name" {
  description = "Name of the topic that `aws_sns_topic_subscriptions` creates; null: `function_name`."
  type        = string
  default     = null

  validation {
    condition     = var.sns_topic_name == null ? true : can(regex("^[A-Za-z0-9_-]{1,256}$", var.sns_topic_name))
    error_message = "sns_topic_name must have 1 to 256 letters, digits, hyphens and underscores, not \"${coalesce(var.sns_topic_name, "-")}\"."
  }
}
