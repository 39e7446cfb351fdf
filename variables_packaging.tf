# What Lambda runs, and where it is built; see docs/packaging.md.

variable "lambda_package" {
  description = "Path of a ready zip with code and dependencies, of a release or from `make package`; null: Terraform builds them when it applies, which needs Python."
  type        = string
  default     = null
}

variable "lambda_package_sha256" {
  description = "SHA-256 digest of `lambda_package`, as in `SHA256SUMS`: another file is refused, and the zip is needed only where a plan that changes it is applied. Null: the zip must exist at every plan."
  type        = string
  default     = null

  validation {
    condition     = var.lambda_package_sha256 == null ? true : can(regex("^[0-9a-fA-F]{64}$", var.lambda_package_sha256))
    error_message = "lambda_package_sha256 must have 64 hexadecimal digits, as `sha256sum` and SHA256SUMS write them, not \"${coalesce(var.lambda_package_sha256, "-")}\"."
  }
}

variable "dependencies_layer_arn" {
  description = "ARN of a layer version with what requirements.txt pins (`make layer` makes its zip); null: Terraform builds the layer when it applies, which needs pip."
  type        = string
  default     = null

  validation {
    condition     = var.dependencies_layer_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]+:[0-9]+$", var.dependencies_layer_arn))
    error_message = "dependencies_layer_arn must be the ARN of one version of a layer (arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION), not \"${coalesce(var.dependencies_layer_arn, "-")}\"."
  }
}

variable "create_dependencies_layer" {
  description = "Build the layer of dependencies; null: if no `dependencies_layer_arn` is given. Set it to false if that ARN is known only after apply."
  type        = bool
  default     = null
}

variable "build_directory" {
  description = "Folder for the zips that are built; null: `.terraform/cloudtrail-to-slack` of your configuration. Set it if that folder cannot be written."
  type        = string
  default     = null

  validation {
    condition     = var.build_directory == null ? true : trimspace(var.build_directory) != ""
    error_message = "build_directory must be the path of a folder, or null for .terraform/cloudtrail-to-slack of your configuration."
  }
}

# tflint-ignore: terraform_unused_declarations
variable "lambda_recreate_missing_package" {
  description = "Accepted for compatibility, without effect: what a plan needs is always built where it is applied."
  type        = bool
  default     = true
}

# tflint-ignore: terraform_unused_declarations
variable "lambda_build_in_docker" {
  description = "Accepted for compatibility, without effect: the layer consists of wheels for the function's runtime and architecture, so no Docker is needed."
  type        = bool
  default     = false
}
