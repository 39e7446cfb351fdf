"""What the end-to-end tests stand on: an AWS of their own, Terraform, and Lambda's runtime."""
