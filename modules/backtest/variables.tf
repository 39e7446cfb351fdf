variable "logs_bucket" {
  description = "Name of the bucket with CloudTrail's log files."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.logs_bucket))
    error_message = "logs_bucket must be the name of a bucket, not \"${var.logs_bucket}\"."
  }
}

variable "logs_prefix" {
  description = "Prefix of the log files that a backtest may read, such as AWSLogs/; nothing else in the bucket can be read or listed."
  type        = string
  default     = "AWSLogs/"
  nullable    = false

  validation {
    condition     = can(regex("^([^*?[:space:][:cntrl:]]([^*?[:cntrl:]]*[^*?[:space:][:cntrl:]])?)?$", var.logs_prefix)) && !can(regex("^/|^s3:|AWSLogs//", var.logs_prefix))
    error_message = "logs_prefix must be a prefix of keys without a leading slash, wildcards and spaces around it, not ${jsonencode(var.logs_prefix)}."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log files; null: they are encrypted without one."
  type        = string
  default     = null

  validation {
    condition     = var.logs_kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.logs_kms_key_arn))
    error_message = "logs_kms_key_arn must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id: \"${coalesce(var.logs_kms_key_arn, "-")}\"."
  }
}

variable "name" {
  description = "Prefix of the names of everything that is created. Another instance in the same region needs another."
  type        = string
  default     = "cloudtrail-backtest"
  nullable    = false

  # With account and region behind it, it is the name of a bucket, which has at most 63 characters.
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,33}$", var.name))
    error_message = "name may have at most 34 lowercase letters, digits and hyphens, not \"${var.name}\"."
  }
}

variable "results_bucket" {
  description = "Name of the bucket that is created for the results and the job's files; null: the name, the account and the region."
  type        = string
  default     = null

  validation {
    condition     = var.results_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket))
    error_message = "results_bucket must be the name of a bucket, or null, not ${jsonencode(var.results_bucket)}."
  }
}

variable "results_days" {
  description = "For how many days results are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.results_days >= 1 && floor(var.results_days) == var.results_days
    error_message = "results_days must be a whole number, at least 1, not ${var.results_days}."
  }
}

variable "emr_release" {
  description = "EMR release of the application: it decides which versions of Spark and Python there are."
  type        = string
  default     = "emr-7.10.0"
  nullable    = false
}

variable "maximum_vcpu" {
  description = "How many vCPUs all jobs may use at once: the bound of what an hour costs."
  type        = number
  default     = 64
  nullable    = false

  validation {
    condition     = var.maximum_vcpu >= 8 && floor(var.maximum_vcpu) == var.maximum_vcpu
    error_message = "maximum_vcpu must be a whole number, at least 8, for a driver and an executor, not ${var.maximum_vcpu}."
  }
}

variable "iam_role_permissions_boundary" {
  description = "ARN of the permissions boundary of the role that jobs assume."
  type        = string
  default     = null

  validation {
    condition     = var.iam_role_permissions_boundary == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$", var.iam_role_permissions_boundary))
    error_message = "iam_role_permissions_boundary must be the ARN of a policy (arn:aws:iam::ACCOUNT:policy/NAME), or null, not ${jsonencode(var.iam_role_permissions_boundary)}."
  }
}

variable "tags" {
  description = "Tags on every resource that supports them."
  type        = map(string)
  default     = {}
  nullable    = false
}
