# A module of its own, because a data source in a `check` block cannot be left out where the bucket must not be read.

check "bucket" {
  # A bucket that does not exist or must not be read is a warning with AWS's own reason.
  data "aws_s3_bucket" "this" {
    bucket = var.bucket_name
  }

  assert {
    # Version 6 of the provider calls the bucket's region `bucket_region`; `region` is the provider's there. A mocked
    # region is none.
    condition = (
      lookup(data.aws_s3_bucket.this, "bucket_region", data.aws_s3_bucket.this.region) == var.region ||
      !can(regex("^[a-z]+(-[a-z]+)+-[0-9]+$", lookup(data.aws_s3_bucket.this, "bucket_region", data.aws_s3_bucket.this.region)))
    )
    error_message = "The log bucket ${var.bucket_name} is in ${lookup(data.aws_s3_bucket.this, "bucket_region", data.aws_s3_bucket.this.region)}, and the function would be in ${var.region}. A bucket notifies in its own region only: pass the module a provider of that region."
  }
}
