data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["emr-serverless.amazonaws.com"]
    }

    # Only jobs of this application assume it, so that no other one in AWS can read the logs through it.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${aws_emrserverless_application.this.arn}/jobruns/*"]
    }
  }
}

data "aws_iam_policy_document" "job" {
  statement {
    sid       = "ReadLogFiles"
    actions   = ["s3:GetObject"]
    resources = ["${local.logs_arn}/${var.logs_prefix}*"]
  }

  statement {
    sid       = "ListLogFiles"
    actions   = ["s3:ListBucket"]
    resources = [local.logs_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.logs_prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = var.logs_kms_key_arn == null ? [] : [var.logs_kms_key_arn]

    content {
      sid       = "DecryptLogFiles"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      # Through S3 alone, in the key's own region, which is the bucket's too. The documentation names services with
      # amazonaws.com; where a partition has an ending of its own, either form counts. Source: AWS KMS Developer Guide,
      # "kms:ViaService".
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for ending in distinct(["amazonaws.com", data.aws_partition.current.dns_suffix]) : "s3.${element(split(":", statement.value), 3)}.${ending}"]
      }
    }
  }

  statement {
    sid       = "ReadJobFiles"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.results.arn}/job/*"]
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.results.arn}/results/*"]
  }
}

resource "aws_iam_role" "job" {
  name                 = "${var.name}-job"
  description          = "Jobs that backtest rules: reads log files, writes results"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  permissions_boundary = var.iam_role_permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "job" {
  name   = "${var.name}-job"
  role   = aws_iam_role.job.id
  policy = data.aws_iam_policy_document.job.json
}
