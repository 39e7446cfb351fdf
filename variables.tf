# The function itself. Other variables stand in variables_*.tf, by concern.

variable "function_name" {
  description = "Name of the function. Everything else that the module creates is named after it."
  type        = string
  default     = "cloudtrail-to-slack"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,48}$", var.function_name))
    error_message = "function_name must have 1 to 48 letters, digits, hyphens and underscores (names made from it end with up to 16 more), not \"${var.function_name}\"."
  }
}

variable "lambda_memory_size" {
  description = "Memory of the function, in MB. CPU is in proportion: 1769 MB is one CPU."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.lambda_memory_size >= 128 && var.lambda_memory_size <= 10240 && floor(var.lambda_memory_size) == var.lambda_memory_size
    error_message = "lambda_memory_size must be a whole number of MB from 128 to 10240, not ${var.lambda_memory_size}."
  }
}

variable "lambda_timeout_seconds" {
  description = "Timeout of an invocation, in seconds."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.lambda_timeout_seconds >= 1 && var.lambda_timeout_seconds <= 900 && floor(var.lambda_timeout_seconds) == var.lambda_timeout_seconds
    error_message = "lambda_timeout_seconds must be a whole number of seconds from 1 to 900, not ${var.lambda_timeout_seconds}."
  }
}

variable "lambda_logs_retention_in_days" {
  description = "Retention of the function's log, in days; 0: forever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    # Source: Amazon CloudWatch Logs API Reference, PutRetentionPolicy.
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.lambda_logs_retention_in_days,
    )
    error_message = "lambda_logs_retention_in_days must be one of CloudWatch's: 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653; not ${var.lambda_logs_retention_in_days}."
  }
}

variable "lambda_runtime" {
  description = "Python runtime of the function: python3.11 to python3.14."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.lambda_runtime)
    error_message = "lambda_runtime must be python3.11, python3.12, python3.13 or python3.14, not \"${var.lambda_runtime}\"."
  }
}

variable "lambda_architecture" {
  description = "Instruction set of the function: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be arm64 or x86_64, not \"${var.lambda_architecture}\"."
  }
}

variable "lambda_reserved_concurrent_executions" {
  description = "Reserved concurrency of the function, taken from the account's; null: none."
  type        = number
  default     = null

  validation {
    condition     = var.lambda_reserved_concurrent_executions == null ? true : var.lambda_reserved_concurrent_executions >= 1
    error_message = "lambda_reserved_concurrent_executions must be at least 1 (0 would stop the function), or null for none reserved."
  }
}

variable "lambda_maximum_retry_attempts" {
  description = "How often Lambda retries a failed asynchronous invocation before it goes to the dead-letter target: 0, 1 or 2."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([0, 1, 2], var.lambda_maximum_retry_attempts)
    error_message = "lambda_maximum_retry_attempts must be 0, 1 or 2, not ${var.lambda_maximum_retry_attempts}."
  }
}

variable "lambda_maximum_event_age_seconds" {
  description = "How long Lambda keeps an asynchronous invocation that it cannot run, in seconds."
  type        = number
  default     = 21600
  nullable    = false

  validation {
    condition     = var.lambda_maximum_event_age_seconds >= 60 && var.lambda_maximum_event_age_seconds <= 21600
    error_message = "lambda_maximum_event_age_seconds must be from 60 to 21600, not ${var.lambda_maximum_event_age_seconds}."
  }
}

variable "role_name" {
  description = "Name of the function's role and of the dashboard, which exist once for all regions of an account; null: `function_name`. A second region needs another name."
  type        = string
  default     = null

  validation {
    condition     = var.role_name == null ? true : can(regex("^[a-zA-Z0-9_+=,.@-]{1,48}$", var.role_name))
    error_message = "role_name must have 1 to 48 letters, digits and characters of _+=,.@- (the role of restart_logging adds 16 more), not \"${coalesce(var.role_name, "-")}\"."
  }
}

variable "derive_names" {
  description = "Name the state table and the fan-out topic after a `function_name` of your own, unless they have names of their own, so that instances do not share them; false: they keep their default names."
  type        = bool
  default     = true
  nullable    = false
}

variable "iam_role_permissions_boundary" {
  description = "ARN of the permissions boundary of the function's role; null: none."
  type        = string
  default     = null
}

variable "log_level" {
  description = "Log level: DEBUG, INFO, WARNING, ERROR or CRITICAL."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], upper(var.log_level))
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not \"${var.log_level}\"."
  }
}

variable "kms_key_arn" {
  description = "ARN of a KMS key that encrypts the log group, the table, the topics, the queues and the function's environment; null: AWS's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id: \"${coalesce(var.kms_key_arn, "-")}\"."
  }
}

variable "additional_kms_key_arns" {
  description = "ARNs of the KMS keys that encrypt existing resources: topics, the dead-letter target, the table, secrets. The function may use them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.additional_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "additional_kms_key_arns must hold ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID); wrong: ${join(", ", [for i, arn in var.additional_kms_key_arns : "[${i}] \"${arn}\"" if !can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])}."
  }
}

variable "tags" {
  description = "Tags on every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
