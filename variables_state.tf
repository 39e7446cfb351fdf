# The state table, and what it is for: threads, and delivering everything once.

variable "dynamodb_table_name" {
  description = "Name of the state table. The default means `<function_name>-table`; see `derive_names`."
  type        = string
  default     = "cloudtrail-to-slack-table"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.dynamodb_table_name))
    error_message = "dynamodb_table_name must have 3 to 255 letters, digits, hyphens, underscores and dots, not \"${var.dynamodb_table_name}\"."
  }
}

variable "create_dynamodb_table" {
  description = "Create the state table; false: use the one named `dynamodb_table_name`, with partition key `pk` (string) and time to live in `expires_at`."
  type        = bool
  default     = true
  nullable    = false
}

variable "dynamodb_time_to_live" {
  description = "Seconds during which similar alerts join one thread."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.dynamodb_time_to_live >= 1 && floor(var.dynamodb_time_to_live) == var.dynamodb_time_to_live
    error_message = "dynamodb_time_to_live must be a whole number of seconds, at least 1, not ${var.dynamodb_time_to_live}."
  }
}

variable "deduplicate_deliveries" {
  description = "Record deliveries in the state table, so that retries and duplicate notifications repeat none."
  type        = bool
  default     = true
  nullable    = false
}

variable "delivery_ledger_time_to_live" {
  description = "Seconds for which the state table remembers a delivery."
  type        = number
  default     = 604800
  nullable    = false

  validation {
    condition     = var.delivery_ledger_time_to_live >= 1 && floor(var.delivery_ledger_time_to_live) == var.delivery_ledger_time_to_live
    error_message = "delivery_ledger_time_to_live must be a whole number of seconds, at least 1, not ${var.delivery_ledger_time_to_live}."
  }
}

variable "max_messages_per_channel" {
  description = "How many Slack messages of alerts one invocation sends to a channel, the last being a summary of the rest. Critical alerts are never summarised."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_messages_per_channel >= 1 && floor(var.max_messages_per_channel) == var.max_messages_per_channel
    error_message = "max_messages_per_channel must be a whole number, at least 1, not ${var.max_messages_per_channel}."
  }
}
