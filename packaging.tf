# What Lambda runs. The function's own zip (src/cloudtrail_to_slack_build/function.zip) never changes: everything else
# comes in layers, which one update of the function replaces together with its environment and its runtime.
#
#   code, dependencies   built when a plan that changes them is applied, or
#   package              both, from the zip that `lambda_package` names;
#   config               config.json
#
# Nothing is built at plan. Every path below says what the file holds, so that no two instances share one by mistake.

locals {
  build_directory = coalesce(local.given.build_directory, "${path.root}/.terraform/cloudtrail-to-slack")
  build_source    = "${path.module}/src/cloudtrail_to_slack_build"
  code_source     = "${path.module}/src/cloudtrail_to_slack"
  # Only what the function needs: no bytecode, whose bytes differ from machine to machine.
  code_files = [for name in sort(fileset(local.code_source, "**")) : name if can(regex("(\\.py|\\.txt|rules/packs/[a-z-]+\\.json|/py\\.typed|^py\\.typed)$", name))]

  # LAYOUT in src/cloudtrail_to_slack_build/archives.py.
  layout              = 1
  code_sha256         = sha256(jsonencode([local.layout, { for name in local.code_files : name => filesha256("${local.code_source}/${name}") }]))
  dependencies_sha256 = sha256(jsonencode([local.layout, filesha256("${path.module}/requirements.txt"), local.given.lambda_runtime, local.given.lambda_architecture]))

  create_dependencies_layer = local.given.lambda_package != null ? false : coalesce(var.create_dependencies_layer, local.given.dependencies_layer_arn == null)

  built_layers = merge(
    local.given.lambda_package != null ? {} : {
      code = {
        sha256        = local.code_sha256
        path          = "${local.build_directory}/code-${substr(local.code_sha256, 0, 16)}.zip"
        runtimes      = null
        architectures = null
        description   = "The code of cloudtrail-to-slack"
        request       = jsonencode({ build = "code", source = local.code_source, files = local.code_files })
      }
    },
    !local.create_dependencies_layer ? {} : {
      dependencies = {
        sha256        = local.dependencies_sha256
        path          = "${local.build_directory}/dependencies-${substr(local.dependencies_sha256, 0, 16)}.zip"
        runtimes      = [local.given.lambda_runtime]
        architectures = [local.given.lambda_architecture]
        description   = "What requirements.txt of cloudtrail-to-slack pins"
        request       = jsonencode({ build = "dependencies", requirements = "${path.module}/requirements.txt", runtime = local.given.lambda_runtime, architecture = local.given.lambda_architecture })
      }
    },
  )

  # The digest that is given is enough: then the zip is needed only where a plan that changes it is applied.
  package_sha256 = local.given.lambda_package == null ? null : local.given.lambda_package_sha256 != null ? lower(local.given.lambda_package_sha256) : try(filesha256(local.given.lambda_package), "missing")

  config_json   = jsonencode(local.config)
  config_sha256 = sha256(local.config_json)
  # No other instance can have the same name in the same place, so no two write this file at the same time.
  config_file = substr(sha256(jsonencode([local.partition, local.account_id, local.region, local.given.function_name, local.config_sha256])), 0, 16)

  code_layer_arns = compact(concat(
    [for name in sort(keys(local.built_layers)) : aws_lambda_layer_version.built[name].arn],
    [one(aws_lambda_layer_version.package[*].arn), local.create_dependencies_layer ? null : local.given.dependencies_layer_arn],
  ))
  function_zip = "${local.build_source}/function.zip"

  # Windows has no `sh`, and its Python is called `python`.
  on_windows = substr(pathexpand("~"), 0, 1) != "/"
  no_python  = "There is no python3 where this plan is applied, and it is needed to build a package of the function. Set lambda_package to a zip that is ready (see docs/packaging.md), or install Python 3.9 or newer, with pip unless dependencies_layer_arn is set."
}

# Runs when a layer is new or replaced, and never at plan. Whatever replaces a layer is among the triggers, because the
# machine that applies a plan may be another than the one that built the last zip.
resource "terraform_data" "build" {
  for_each = local.built_layers

  triggers_replace = {
    sha256  = each.value.sha256
    name    = "${local.given.function_name}-${each.key}"
    region  = local.region
    account = local.account_id
  }

  provisioner "local-exec" {
    interpreter = local.on_windows ? ["python", "-B"] : ["sh", "-c"]
    command     = local.on_windows ? "${local.build_source}/layer.py" : "command -v python3 >/dev/null || { echo \"$NO_PYTHON\" >&2; exit 1; }; exec python3 -B \"$BUILDER\""
    environment = {
      BUILDER   = "${local.build_source}/layer.py"
      BUILD     = jsonencode(merge(jsondecode(each.value.request), { output = each.value.path }))
      NO_PYTHON = local.no_python
    }
  }
}

resource "aws_lambda_layer_version" "built" {
  for_each = local.built_layers

  layer_name               = "${local.given.function_name}-${each.key}"
  description              = "${each.value.description}, inputs ${substr(each.value.sha256, 0, 16)}"
  filename                 = each.value.path
  compatible_runtimes      = each.value.runtimes
  compatible_architectures = each.value.architectures

  lifecycle {
    create_before_destroy = true
    # Where the zip lies may differ from machine to machine; what it holds is in the description.
    ignore_changes       = [filename]
    replace_triggered_by = [terraform_data.build[each.key]]
  }
}

resource "aws_lambda_layer_version" "package" {
  count = local.given.lambda_package == null ? 0 : 1

  layer_name               = "${local.given.function_name}-package"
  description              = "cloudtrail-to-slack with its dependencies, sha256 ${local.package_sha256}"
  filename                 = local.given.lambda_package
  compatible_runtimes      = [local.given.lambda_runtime]
  compatible_architectures = [local.given.lambda_architecture]

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [filename]

    # Where the zip is not needed it need not be there.
    precondition {
      condition     = !try(fileexists(local.given.lambda_package), false) ? true : filesha256(local.given.lambda_package) == local.package_sha256
      error_message = "lambda_package is not the file that lambda_package_sha256 names: the SHA-256 digest of ${coalesce(local.given.lambda_package, "-")} is ${try(filesha256(local.given.lambda_package), "-")}. Get the zip again, or correct the digest."
    }
  }
}

# The contents are not sensitive; marked as such, they do not fill the plan. terraform_data.configuration shows the change.
resource "archive_file" "config" {
  type                    = "zip"
  output_path             = "${local.build_directory}/config-${local.config_file}.zip"
  output_file_mode        = "0644"
  source_content          = sensitive(local.config_json)
  source_content_filename = "config.json"

  lifecycle {
    ignore_changes = [output_path]
  }
}

resource "aws_lambda_layer_version" "config" {
  layer_name  = "${local.given.function_name}-config"
  description = "config.json of ${local.given.function_name}, sha256 ${local.config_sha256}"
  filename    = archive_file.config.output_path

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [filename]
    replace_triggered_by  = [archive_file.config]
  }
}
