# The role of the function that starts logging again: of CloudTrail, starting and looking, on the trails named; beside
# that, what it needs to count, to tell and to fail.

locals {
  restart_secret_arns = distinct(compact([var.slack_bot_token_secret_arn, local.has_bot ? null : var.default_slack_hook_url_secret_arn]))
  restart_parameter_arns = { for use, name in {
    slack       = local.has_bot ? var.slack_bot_token_ssm_parameter : var.default_slack_hook_url_ssm_parameter
    maintenance = var.restart_logging_maintenance_ssm_parameter
    } : use => startswith(name, "arn:") ? name : "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter/${trimprefix(name, "/")}"
  if name != null }

  restart_statements = {
    StartTrails = {
      Action   = ["cloudtrail:StartLogging", "cloudtrail:GetTrailStatus"]
      Resource = local.restart_trail_arns
    }
    WriteLog = {
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.restart_name}:*"]
    }
    # Only its own items: it can forge no thread and no delivery. Source: Amazon DynamoDB Developer Guide, "Using IAM
    # policy conditions for fine-grained access control".
    CountRestarts = {
      Action   = ["dynamodb:UpdateItem"]
      Resource = [local.has_state_table ? local.table_arn : null]
      Condition = {
        "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["restart#*"] }
        Null                      = { "dynamodb:LeadingKeys" = "false" }
      }
    }
    ReadMaintenance = !contains(keys(local.restart_parameter_arns), "maintenance") ? null : {
      Action   = ["ssm:GetParameter"]
      Resource = [local.restart_parameter_arns.maintenance]
    }
    ReadParameter = !contains(keys(local.restart_parameter_arns), "slack") ? null : {
      Action   = ["ssm:GetParameter"]
      Resource = [local.restart_parameter_arns.slack]
    }
    ReadSecret = length(local.restart_secret_arns) == 0 ? null : {
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.restart_secret_arns
    }
    KeepFailedInvocations = local.statements.KeepFailedInvocations
    UseKeys               = local.statements.UseKeys
    Trace                 = local.statements.Trace
  }
}

resource "aws_iam_role" "restart_logging" {
  count = local.restart_count

  name                 = local.restart_role_name
  description          = "The function ${local.restart_name}"
  permissions_boundary = var.iam_role_permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "restart_logging" {
  count = local.restart_count

  name = "what-the-function-does"
  role = aws_iam_role.restart_logging[0].id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for sid, statement in local.restart_statements : merge({ Sid = sid, Effect = "Allow" }, statement) if statement != null]
  })
}
