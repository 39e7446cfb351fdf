# The state table: threads, and the deliveries that must not be repeated.

locals {
  create_table = local.has_state_table ? var.create_dynamodb_table : false
  table_name   = local.create_table ? aws_dynamodb_table.state[0].name : local.given.dynamodb_table_name
  table_arn    = local.create_table ? aws_dynamodb_table.state[0].arn : "arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${local.given.dynamodb_table_name}"
}

resource "aws_dynamodb_table" "state" {
  #checkov:skip=CKV_AWS_28:Its items expire within days; without them only threads and deduplication are lost.
  count = local.create_table ? 1 : 0

  name         = local.created_table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # Without a key of yours the table is encrypted with one that DynamoDB owns.
  dynamic "server_side_encryption" {
    for_each = local.given.kms_key_arn == null ? [] : [local.given.kms_key_arn]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  tags = local.tags
}
