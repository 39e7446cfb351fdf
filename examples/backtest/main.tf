# Backtests of years of logs: an application of EMR Serverless, which costs nothing while no job runs.
module "backtest" {
  source = "../../modules/backtest"

  logs_bucket      = var.logs_bucket
  logs_prefix      = var.logs_prefix
  logs_kms_key_arn = var.logs_kms_key_arn
  maximum_vcpu     = var.maximum_vcpu

  tags = {
    purpose = "backtest"
  }
}
