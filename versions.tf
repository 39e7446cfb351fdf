terraform {
  # 1.5 brought `check` blocks.
  required_version = ">= 1.5"

  required_providers {
    # 5.77 knows the default runtime, Python 3.13.
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.77"
    }
    # Before 2.7 its resource warned of being deprecated.
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.7"
    }
    external = {
      source  = "hashicorp/external"
      version = ">= 2.3"
    }
  }
}
