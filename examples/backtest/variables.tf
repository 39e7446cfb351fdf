variable "logs_bucket" {
  description = "Name of the bucket with CloudTrail's log files."
  type        = string
  default     = "my-trail-logs"
}

variable "logs_prefix" {
  description = "Prefix of the log files that jobs may read; that of an account or a year reads less."
  type        = string
  default     = "AWSLogs/"
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log files; null: they are encrypted without one."
  type        = string
  default     = null
}

variable "maximum_vcpu" {
  description = "How many vCPUs all jobs may use at once: the bound of what an hour costs."
  type        = number
  default     = 32
}
