variable "bucket_name" {
  description = "Name of the log bucket."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region that the bucket must be in."
  type        = string
  nullable    = false
}
