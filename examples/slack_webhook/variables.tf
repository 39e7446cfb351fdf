variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the bucket CloudTrail delivers to."
  type        = string
}

variable "webhooks_ssm_path" {
  description = "What the names of the SSM parameters that hold the webhooks begin with."
  type        = string
  default     = "/cloudtrail-to-slack/webhooks"
}
