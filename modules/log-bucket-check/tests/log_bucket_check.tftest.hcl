# Where the bucket is, and where it should be.

variables {
  bucket_name = "trail-logs"
  region      = "eu-west-1"
}

run "a_bucket_of_the_same_region_is_fine" {
  command = plan
  providers = {
    aws = aws.same
  }
}

run "a_bucket_of_another_region_is_warned_of" {
  command = plan
  providers = {
    aws = aws.other
  }
  expect_failures = [check.bucket]
}

# As a consumer's tests have it, with no defaults for what is mocked.
run "a_mocked_bucket_is_fine" {
  command = plan
  providers = {
    aws = aws.plain
  }
}

mock_provider "aws" {
  alias = "same"
  mock_data "aws_s3_bucket" {
    defaults = { region = "eu-west-1" }
  }
}

mock_provider "aws" {
  alias = "other"
  mock_data "aws_s3_bucket" {
    defaults = { region = "us-east-1" }
  }
}

mock_provider "aws" {
  alias = "plain"
}
