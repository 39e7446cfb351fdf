# What Lambda runs: the code with config.json beside it, and the dependencies in a layer.
#
# Both zips exist where a plan is applied even if that is another machine than where it was made: `archive_file` is a
# resource, whose contents travel in the plan, and the layer is built again by `terraform_data.dependencies_layer`.

locals {
  build_layer  = var.lambda_package == null && var.dependencies_layer_arn == null
  build_folder = "${path.root}/.terraform/cloudtrail-to-slack/${var.function_name}"
  source_path  = "${path.module}/src/cloudtrail_to_slack"
  # Only what the function needs: no bytecode, whose bytes differ from machine to machine.
  source_files = [for name in sort(fileset(local.source_path, "**")) : name if can(regex("(\\.py|\\.txt|/py\\.typed|^py\\.typed)$", name))]

  package_path = var.lambda_package == null ? one(archive_file.function[*].output_path) : var.lambda_package
  package_hash = var.lambda_package == null ? one(archive_file.function[*].output_base64sha256) : filebase64sha256(var.lambda_package)
  layer_arns = compact([
    local.build_layer ? one(aws_lambda_layer_version.dependencies[*].arn) : var.dependencies_layer_arn,
    one(aws_lambda_layer_version.config[*].arn),
  ])

  layer_query = {
    requirements     = "${path.module}/requirements.txt"
    runtime          = var.lambda_runtime
    architecture     = var.lambda_architecture
    output_directory = local.build_folder
  }
  layer_builder = "${path.module}/src/cloudtrail_to_slack_build/layer.py"
  # Windows has no `sh`, and its Python is called `python`.
  on_windows = substr(pathexpand("~"), 0, 1) != "/"
  no_python  = "There is no python3 where Terraform runs, and it is needed to build the layer of dependencies. Install Python 3.9 or newer with pip, or set dependencies_layer_arn, or set lambda_package to a zip made with `make package`."
}

resource "archive_file" "function" {
  count = var.lambda_package == null ? 1 : 0

  type             = "zip"
  output_path      = "${local.build_folder}/function.zip"
  output_file_mode = "0644"

  dynamic "source" {
    for_each = local.source_files
    content {
      filename = "cloudtrail_to_slack/${source.value}"
      content  = file("${local.source_path}/${source.value}")
    }
  }

  source {
    filename = "config.json"
    content  = jsonencode(local.config)
  }
}

data "external" "dependencies_layer" {
  count = local.build_layer ? 1 : 0

  program = local.on_windows ? ["python", local.layer_builder] : [
    "sh", "-c", "command -v python3 >/dev/null || { echo \"$1\" >&2; exit 1; }; exec python3 \"$0\"", local.layer_builder, local.no_python,
  ]
  query = local.layer_query
}

# Runs only when the layer changes, which is when its zip is needed; where the zip is there already, nothing is done.
resource "terraform_data" "dependencies_layer" {
  count = local.build_layer && var.lambda_recreate_missing_package && !local.on_windows ? 1 : 0

  triggers_replace = data.external.dependencies_layer[0].result.sha256

  provisioner "local-exec" {
    command = "printf '%s' \"$LAYER_QUERY\" | python3 \"$LAYER_BUILDER\" >/dev/null"
    environment = {
      LAYER_QUERY   = jsonencode(local.layer_query)
      LAYER_BUILDER = local.layer_builder
    }
  }
}

resource "aws_lambda_layer_version" "dependencies" {
  count = local.build_layer ? 1 : 0

  layer_name               = "${var.function_name}-dependencies"
  description              = "What requirements.txt of cloudtrail-to-slack pins"
  filename                 = data.external.dependencies_layer[0].result.path
  source_code_hash         = data.external.dependencies_layer[0].result.sha256_base64
  compatible_runtimes      = [var.lambda_runtime]
  compatible_architectures = [var.lambda_architecture]

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [terraform_data.dependencies_layer]
}

# A zip that is ready cannot have config.json put into it: the file comes in a layer, as /opt/config.json.
resource "archive_file" "config" {
  count = var.lambda_package == null ? 0 : 1

  type             = "zip"
  output_path      = "${local.build_folder}/config.zip"
  output_file_mode = "0644"

  source {
    filename = "config.json"
    content  = jsonencode(local.config)
  }
}

resource "aws_lambda_layer_version" "config" {
  count = var.lambda_package == null ? 0 : 1

  layer_name       = "${var.function_name}-config"
  description      = "config.json of ${var.function_name}"
  filename         = archive_file.config[0].output_path
  source_code_hash = archive_file.config[0].output_base64sha256

  lifecycle {
    create_before_destroy = true
  }
}
