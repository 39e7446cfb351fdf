terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# In the region of the log bucket: without a VPC the application reaches S3 in its own region only.
provider "aws" {
  region = "eu-west-1"
}
