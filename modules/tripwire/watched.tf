# What is watched, as data. A group is a kind of thing: its service, what of an event says that it is meant, and what can
# be done to it, each with the sentence's verb. `object` is where a successful event names the thing: AWS has checked that
# name by then, so it holds no character that could break out of the message.
#
# Names of events. Sources: AWS CloudTrail API Reference, "Actions"; Amazon S3 User Guide, "Amazon S3 CloudTrail events";
# AWS Lambda Developer Guide, "Logging AWS Lambda API calls" (names carry API dates, hence prefixes); API references of
# the others. Some of S3's names lack a word the API has: PutBucketLifecycle, PutBucketNotification.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # In tests with plain mocks (`mock_provider "aws" {}`) these are random strings, which the provider refuses in an ARN.
  account_id = can(regex("^[0-9]{12}$", data.aws_caller_identity.current.account_id)) ? data.aws_caller_identity.current.account_id : "000000000000"
  partition  = can(regex("^aws(-[a-z]+)*$", data.aws_partition.current.partition)) ? data.aws_partition.current.partition : "aws"
  region     = can(regex("^[a-z]+(-[a-z]+)+-[0-9]+$", data.aws_region.current.id)) ? data.aws_region.current.id : "us-east-1"

  # An empty list is no pattern, and where all that is given is null, nothing must match.
  nothing   = ["-"]
  buckets   = coalescelist(compact(var.log_bucket_names), local.nothing)
  keys      = coalescelist(flatten([for arn in compact(var.log_key_arns) : [arn, element(split("/", arn), 1)]]), local.nothing)
  functions = coalescelist(compact(var.function_names), local.nothing)
  rules     = compact(var.event_rule_names)
  topics    = coalescelist(compact(var.topic_arns), local.nothing)
  tables    = coalescelist(compact(var.table_arns), local.nothing)
  roles     = concat(compact(var.role_names), ["${local.given.name}-${local.region}"])
  queues    = concat(compact(var.queue_arns), ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"])

  function_arns = [for name in local.functions : "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${name}"]
  # A function is called by name, part of its ARN or ARN, each with or without `:version`.
  function_references = flatten([for i, name in local.functions : [
    for reference in [name, "${local.account_id}:function:${name}", local.function_arns[i]] : [reference, { prefix = "${reference}:" }]
  ]])

  # Conditions are JSON text, for Terraform wants what is listed to be of one type.
  groups = {
    trail = {
      watched = true, source = "cloudtrail", what = "CloudTrail", condition = "{}"
      kinds = {
        logging-off         = { names = ["StopLogging"], object = "name", did = "turned off CloudTrail logging" }
        trail-deleted       = { names = ["DeleteTrail"], object = "name", did = "deleted a trail of CloudTrail" }
        trail-changed       = { names = ["UpdateTrail"], object = "name", did = "changed a trail of CloudTrail" }
        selectors-changed   = { names = ["PutEventSelectors"], object = "trailName", did = "changed which events CloudTrail logs" }
        insights-changed    = { names = ["PutInsightSelectors"], object = "trailName", did = "changed which insights CloudTrail logs" }
        store-deleted       = { names = ["DeleteEventDataStore"], object = "eventDataStore", did = "deleted an event data store of CloudTrail Lake" }
        store-stopped       = { names = ["StopEventDataStoreIngestion"], object = "eventDataStore", did = "stopped an event data store of CloudTrail Lake" }
        store-changed       = { names = ["UpdateEventDataStore", "PutEventConfiguration"], object = "eventDataStore", did = "changed an event data store of CloudTrail Lake" }
        channel-changed     = { names = ["DeleteChannel", "UpdateChannel"], object = "channel", did = "changed or deleted a channel of CloudTrail Lake" }
        trail-policy        = { names = ["PutResourcePolicy", "DeleteResourcePolicy"], object = "resourceArn", did = "changed who may use a store, channel or dashboard of CloudTrail" }
        trail-administrator = { names = ["DeregisterOrganizationDelegatedAdmin"], object = "delegatedAdminAccountId", did = "removed the account that administers CloudTrail for the organization" }
      }
    }
    organization = {
      watched   = true, source = "organizations", what = "CloudTrail's place in the organization"
      condition = jsonencode({ requestParameters = { servicePrincipal = ["cloudtrail.amazonaws.com"] } })
      kinds = {
        organization-access = { names = ["DisableAWSServiceAccess", "DeregisterDelegatedAdministrator"], object = "servicePrincipal", did = "took CloudTrail's access to the organization away" }
      }
    }
    bucket = {
      watched   = length(var.log_bucket_names) > 0, source = "s3", what = "the log bucket"
      condition = jsonencode({ requestParameters = { bucketName = local.buckets } })
      kinds = {
        bucket-deleted      = { names = ["DeleteBucket"], object = "bucketName", did = "deleted the log bucket" }
        bucket-policy       = { names = ["PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"], object = "bucketName", did = "changed who may use the log bucket" }
        bucket-lifecycle    = { names = [{ prefix = "PutBucketLifecycle" }, { prefix = "DeleteBucketLifecycle" }], object = "bucketName", did = "changed how long the log bucket keeps logs" }
        bucket-notification = { names = [{ prefix = "PutBucketNotification" }], object = "bucketName", did = "changed the notification configuration of the log bucket" }
        bucket-encryption   = { names = [{ prefix = "PutBucketEncryption" }, { prefix = "DeleteBucketEncryption" }], object = "bucketName", did = "changed how the log bucket is encrypted" }
        bucket-versioning   = { names = ["PutBucketVersioning"], object = "bucketName", did = "changed the versioning of the log bucket" }
        bucket-public       = { names = ["PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"], object = "bucketName", did = "changed whether the log bucket can be public" }
        bucket-lock         = { names = [{ prefix = "PutBucketObjectLock" }, { prefix = "PutObjectLockConfiguration" }], object = "bucketName", did = "changed the object lock of the log bucket" }
        bucket-copies       = { names = ["PutBucketReplication", "DeleteBucketReplication", "PutBucketLogging"], object = "bucketName", did = "changed the copies or the access log of the log bucket" }
      }
    }
    key = {
      watched   = length(var.log_key_arns) > 0, source = "kms", what = "the key of the logs"
      condition = jsonencode({ requestParameters = { keyId = local.keys } })
      kinds = {
        key-disabled = { names = ["DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial"], object = "keyId", did = "disabled the key of the logs, or scheduled its deletion" }
        key-policy   = { names = ["PutKeyPolicy", "RevokeGrant"], object = "keyId", did = "changed who may use the key of the logs" }
      }
    }
    function = {
      watched   = length(var.function_names) > 0, source = "lambda", what = "a function that alerts"
      condition = jsonencode({ requestParameters = { functionName = local.function_references } })
      kinds = {
        function-code          = { names = [{ prefix = "UpdateFunctionCode" }], object = "functionName", did = "changed the code of a function that alerts" }
        function-configuration = { names = [{ prefix = "UpdateFunctionConfiguration" }, { prefix = "PutRuntimeManagementConfig" }], object = "functionName", did = "changed the configuration of a function that alerts" }
        function-invocation    = { names = [{ prefix = "PutFunctionEventInvokeConfig" }, { prefix = "UpdateFunctionEventInvokeConfig" }, { prefix = "DeleteFunctionEventInvokeConfig" }, { prefix = "AddPermission" }, { prefix = "RemovePermission" }], object = "functionName", did = "changed who may invoke a function that alerts, or what happens when it fails" }
        function-concurrency   = { names = [{ prefix = "PutFunctionConcurrency" }, { prefix = "DeleteFunctionConcurrency" }], object = "functionName", did = "changed the concurrency of a function that alerts (0 turns it off)" }
        function-deleted       = { names = ["DeleteFunction", { prefix = "DeleteFunction2" }], object = "functionName", did = "deleted a function that alerts" }
      }
    }
    source = {
      watched = length(var.function_names) > 0, source = "lambda", what = "what feeds a function that alerts"
      # These calls name the mapping; its function stands in the answer.
      condition = jsonencode({ "$or" = [
        { requestParameters = { functionName = local.function_references } },
        { responseElements = { functionArn = flatten([for arn in local.function_arns : [arn, { prefix = "${arn}:" }]]) } },
      ] })
      kinds = {
        function-source = { names = [{ prefix = "UpdateEventSourceMapping" }, { prefix = "DeleteEventSourceMapping" }], object = "uUID", did = "changed or deleted what feeds a function that alerts" }
      }
    }
    rule = {
      watched = true, source = "events", what = "a rule that alerts"
      condition = jsonencode({ "$or" = [for key in ["name", "rule"] : {
        requestParameters = { (key) = concat(local.rules, [{ prefix = "${local.given.name}-" }]) }
      }] })
      kinds = {
        rule-off     = { names = ["DisableRule", "DeleteRule"], object = "name", did = "turned off or deleted a rule that alerts" }
        rule-changed = { names = ["PutRule", "PutTargets", "RemoveTargets"], object = "rule", did = "changed a rule that alerts, or where it leads" }
      }
    }
    way = {
      watched   = true, source = "events", what = "the tripwire's way to Slack"
      condition = jsonencode({ requestParameters = { name = distinct([local.given.name, element(split("/", coalesce(local.api_destination_arn, "/${local.given.name}")), 1)]) } })
      kinds = {
        way-changed = { names = ["UpdateConnection", "DeleteConnection", "DeauthorizeConnection", "UpdateApiDestination", "DeleteApiDestination"], object = "name", did = "changed the tripwire's own way to Slack" }
      }
    }
    queue = {
      watched = true, source = "sqs", what = "a queue of the alerts"
      # Regions have had more than one address, so its end counts: /ACCOUNT/NAME.
      condition = jsonencode({ requestParameters = { queueUrl = [for arn in local.queues : { suffix = "/${join("/", slice(split(":", arn), 4, 6))}" }] } })
      kinds = {
        queue-deleted = { names = ["DeleteQueue", "PurgeQueue"], object = "queueUrl", did = "deleted or emptied a queue of the alerts" }
        queue-changed = { names = ["SetQueueAttributes", "AddPermission", "RemovePermission"], object = "queueUrl", did = "changed a queue of the alerts" }
      }
    }
    topic = {
      watched = length(var.topic_arns) > 0, source = "sns", what = "a topic of the alerts"
      condition = jsonencode({ "$or" = [
        { requestParameters = { topicArn = local.topics } },
        { requestParameters = { subscriptionArn = [for arn in local.topics : { prefix = "${arn}:" }] } },
      ] })
      kinds = {
        topic-deleted      = { names = ["DeleteTopic"], object = "topicArn", did = "deleted a topic of the alerts" }
        topic-changed      = { names = ["SetTopicAttributes", "AddPermission", "RemovePermission"], object = "topicArn", did = "changed a topic of the alerts" }
        topic-subscription = { names = ["Unsubscribe", "SetSubscriptionAttributes"], object = "subscriptionArn", did = "changed the subscriptions of a topic of the alerts" }
      }
    }
    table = {
      watched = length(var.table_arns) > 0, source = "dynamodb", what = "the table of the alerts"
      condition = jsonencode({ "$or" = [
        { requestParameters = { tableName = flatten([for arn in local.tables : [arn, reverse(split("/", arn))[0]]]) } },
        { requestParameters = { resourceArn = local.tables } },
      ] })
      kinds = {
        table-deleted = { names = ["DeleteTable"], object = "tableName", did = "deleted the table of the alerts" }
        table-changed = { names = ["UpdateTable", "UpdateTimeToLive", "PutResourcePolicy", "DeleteResourcePolicy"], object = "tableName", did = "changed the table of the alerts" }
      }
    }
    role = {
      watched   = true, source = "iam", what = "a role of the alerts"
      condition = jsonencode({ requestParameters = { roleName = local.roles } })
      kinds = {
        role-deleted = { names = ["DeleteRole"], object = "roleName", did = "deleted a role of the alerts" }
        role-changed = { names = ["PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "UpdateRole"], object = "roleName", did = "changed a role of the alerts" }
      }
    }
  }
}
