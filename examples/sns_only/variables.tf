variable "cloudtrail_logs_s3_bucket_name" {
  description = "Name of the bucket CloudTrail delivers to."
  type        = string
}

variable "email" {
  description = "Address that gets the alerts of all accounts without a topic of their own."
  type        = string
}
