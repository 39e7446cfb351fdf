data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # In tests with plain mocks (`mock_provider "aws" {}`) these are random strings, which the provider refuses in an ARN.
  partition = can(regex("^aws(-[a-z]+)*$", data.aws_partition.current.partition)) ? data.aws_partition.current.partition : "aws"
  account   = can(regex("^[0-9]{12}$", data.aws_caller_identity.current.account_id)) ? data.aws_caller_identity.current.account_id : "000000000000"
  region    = can(regex("^[a-z]+(-[a-z]+)+-[0-9]+$", data.aws_region.current.id)) ? data.aws_region.current.id : "us-east-1"
  results   = coalesce(var.results_bucket, "${var.name}-${local.account}-${local.region}")
  logs_arn  = "arn:${local.partition}:s3:::${var.logs_bucket}"
}

resource "aws_emrserverless_application" "this" {
  name          = var.name
  release_label = var.emr_release
  type          = "spark"
  tags          = var.tags

  maximum_capacity {
    cpu    = "${var.maximum_vcpu} vCPU"
    memory = "${var.maximum_vcpu * 4} GB"
  }

  # Nothing runs, and nothing is paid, between jobs.
  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = 5
  }
}

# Results name actors and accounts: they are encrypted, private, and removed after a while.
resource "aws_s3_bucket" "results" {
  # checkov:skip=CKV_AWS_18: access to results is in CloudTrail's data events, where these are logged
  # checkov:skip=CKV_AWS_144: results can be computed again
  # checkov:skip=CKV2_AWS_62: no one waits for new objects
  # checkov:skip=CKV_AWS_145: encrypted with S3's own key; what they are made of is encrypted likewise by default
  # checkov:skip=CKV_AWS_21: results are never overwritten
  bucket = local.results
  tags   = var.tags
}

resource "aws_s3_bucket_public_access_block" "results" {
  bucket                  = aws_s3_bucket.results.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    id     = "remove-results"
    status = "Enabled"

    filter {
      prefix = "results/"
    }

    expiration {
      days = var.results_days
    }
  }

  rule {
    id     = "abort-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}
