"""Events of tampering as EventBridge carries them, and near-misses that must not be reported."""

from typing import Any

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/notifications"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/state"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:alerter"
TRAIL_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
STORE_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/0a1b"

ALICE = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLE",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "userName": "alice",
}


def event(service: str, name: str, parameters: dict[str, Any] | None = None, **detail: Any) -> dict[str, Any]:
    """Return what EventBridge carries of a call to a service. Further arguments stand in `detail`."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "source": f"aws.{service}",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT,
        "time": "2026-03-14T09:30:02Z",
        "region": REGION,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": ALICE,
            "eventTime": "2026-03-14T09:30:00Z",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": REGION,
            "sourceIPAddress": "198.51.100.7",
            "userAgent": "aws-cli/2.15.0",
            "requestParameters": parameters,
            "responseElements": None,
            "eventID": "0c3b1d2e-0000-4000-8000-000000000001",
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            **detail,
        },
    }


def _each(service: str, names: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return [event(service, name, parameters) for name in names.split()]


_BUCKET = {"bucketName": "trail-logs", "Host": "trail-logs.s3.amazonaws.com"}
_FUNCTION = {"functionName": "alerter"}

# By the ending of the name of the rule that must match, and no other.
TAMPERING: dict[str, list[dict[str, Any]]] = {
    "logging-off": [
        event("cloudtrail", "StopLogging", {"name": "main"}),
        event("cloudtrail", "StopLogging", {"name": TRAIL_ARN}),
    ],
    "trail-deleted": _each("cloudtrail", "DeleteTrail", {"name": "main"}),
    "trail-changed": _each("cloudtrail", "UpdateTrail", {"name": "main", "isMultiRegionTrail": False}),
    "selectors-changed": _each("cloudtrail", "PutEventSelectors", {"trailName": "main", "eventSelectors": []}),
    "insights-changed": _each("cloudtrail", "PutInsightSelectors", {"trailName": "main", "insightSelectors": []}),
    "store-deleted": _each("cloudtrail", "DeleteEventDataStore", {"eventDataStore": STORE_ARN}),
    "store-stopped": _each("cloudtrail", "StopEventDataStoreIngestion", {"eventDataStore": STORE_ARN}),
    "store-changed": _each(
        "cloudtrail", "UpdateEventDataStore PutEventConfiguration", {"eventDataStore": STORE_ARN, "retentionPeriod": 7}
    ),
    "channel-changed": _each("cloudtrail", "DeleteChannel UpdateChannel", {"channel": "0a1b"}),
    "trail-policy": _each("cloudtrail", "PutResourcePolicy DeleteResourcePolicy", {"resourceArn": STORE_ARN}),
    "trail-administrator": _each(
        "cloudtrail", "DeregisterOrganizationDelegatedAdmin", {"delegatedAdminAccountId": "444455556666"}
    ),
    "organization-access": _each(
        "organizations",
        "DisableAWSServiceAccess DeregisterDelegatedAdministrator",
        {"servicePrincipal": "cloudtrail.amazonaws.com"},
    ),
    "bucket-deleted": _each("s3", "DeleteBucket", _BUCKET),
    "bucket-policy": _each(
        "s3",
        "PutBucketPolicy DeleteBucketPolicy PutBucketAcl PutBucketOwnershipControls DeleteBucketOwnershipControls",
        _BUCKET,
    ),
    "bucket-lifecycle": _each(
        "s3", "PutBucketLifecycle PutBucketLifecycleConfiguration DeleteBucketLifecycle", _BUCKET
    ),
    "bucket-notification": _each("s3", "PutBucketNotification PutBucketNotificationConfiguration", _BUCKET),
    "bucket-encryption": _each("s3", "PutBucketEncryption DeleteBucketEncryption", _BUCKET),
    "bucket-versioning": _each("s3", "PutBucketVersioning", _BUCKET),
    "bucket-public": _each("s3", "PutBucketPublicAccessBlock DeleteBucketPublicAccessBlock", _BUCKET),
    "bucket-lock": _each("s3", "PutBucketObjectLockConfiguration", _BUCKET),
    "bucket-copies": _each("s3", "PutBucketReplication DeleteBucketReplication PutBucketLogging", _BUCKET),
    "key-disabled": [
        *_each("kms", "DisableKey ScheduleKeyDeletion DeleteImportedKeyMaterial", {"keyId": KEY_ARN}),
        *_each("kms", "DisableKey ScheduleKeyDeletion", {"keyId": "0a1b2c3d"}),
    ],
    "key-policy": _each("kms", "PutKeyPolicy RevokeGrant", {"keyId": "0a1b2c3d"}),
    "function-code": [
        event("lambda", "UpdateFunctionCode20150331v2", {"functionName": reference})
        for reference in (
            "alerter",
            "alerter:live",
            f"{ACCOUNT}:function:alerter",
            FUNCTION_ARN,
            f"{FUNCTION_ARN}:$LATEST",
        )
    ],
    "function-configuration": _each(
        "lambda", "UpdateFunctionConfiguration20150331v2 PutRuntimeManagementConfig20210720", _FUNCTION
    ),
    "function-invocation": _each(
        "lambda",
        "PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig20190925 DeleteFunctionEventInvokeConfig20190925"
        " AddPermission20150331v2 RemovePermission20150331v2",
        _FUNCTION,
    ),
    "function-concurrency": _each(
        "lambda", "PutFunctionConcurrency20171031 DeleteFunctionConcurrency20171031", _FUNCTION
    ),
    "function-deleted": _each("lambda", "DeleteFunction20150331 DeleteFunction", _FUNCTION),
    "function-source": [
        event("lambda", "UpdateEventSourceMapping20150331", {"uUID": "0a1b"}, responseElements={"functionArn": arn})
        for arn in (FUNCTION_ARN, f"{FUNCTION_ARN}:live")
    ]
    + [
        event(
            "lambda",
            "DeleteEventSourceMapping20150331",
            {"uUID": "0a1b"},
            responseElements={"functionArn": FUNCTION_ARN},
        )
    ]
    + [event("lambda", "UpdateEventSourceMapping20150331", {"uUID": "0a1b", "functionName": "alerter"})],
    "rule-off": [
        *_each("events", "DisableRule DeleteRule", {"name": "log-files"}),
        *_each("events", "DisableRule DeleteRule", {"name": "cloudtrail-tripwire-logging-off"}),
    ],
    "rule-changed": [
        event("events", "PutRule", {"name": "log-files"}),
        *_each("events", "PutTargets RemoveTargets", {"rule": "cloudtrail-tripwire-logging-off"}),
    ],
    "way-changed": _each(
        "events",
        "UpdateConnection DeleteConnection DeauthorizeConnection UpdateApiDestination DeleteApiDestination",
        {"name": "cloudtrail-tripwire"},
    ),
    "queue-deleted": [
        *_each("sqs", "DeleteQueue PurgeQueue", {"queueUrl": QUEUE_URL}),
        event(
            "sqs", "PurgeQueue", {"queueUrl": f"https://queue.amazonaws.com/{ACCOUNT}/cloudtrail-tripwire-dead-letters"}
        ),
    ],
    "queue-changed": _each("sqs", "SetQueueAttributes AddPermission RemovePermission", {"queueUrl": QUEUE_URL}),
    "topic-deleted": _each("sns", "DeleteTopic", {"topicArn": TOPIC_ARN}),
    "topic-changed": _each("sns", "SetTopicAttributes AddPermission RemovePermission", {"topicArn": TOPIC_ARN}),
    "topic-subscription": _each(
        "sns", "Unsubscribe SetSubscriptionAttributes", {"subscriptionArn": f"{TOPIC_ARN}:0a1b"}
    ),
    "table-deleted": [event("dynamodb", "DeleteTable", {"tableName": name}) for name in ("state", TABLE_ARN)],
    "table-changed": [
        *_each("dynamodb", "UpdateTable UpdateTimeToLive", {"tableName": "state"}),
        *_each("dynamodb", "PutResourcePolicy DeleteResourcePolicy", {"resourceArn": TABLE_ARN}),
    ],
    "role-deleted": _each("iam", "DeleteRole", {"roleName": "alerter"}),
    "role-changed": _each(
        "iam",
        "PutRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy UpdateAssumeRolePolicy UpdateRole"
        " PutRolePermissionsBoundary DeleteRolePermissionsBoundary",
        {"roleName": "alerter"},
    ),
}

NEAR_MISSES = [
    # Other things of the same kind, with names that begin or end alike.
    event("s3", "PutBucketPolicy", {"bucketName": "trail-logs-2"}),
    event("s3", "DeleteBucket", {"bucketName": "my-trail-logs"}),
    event("kms", "DisableKey", {"keyId": "0a1b2c3d0"}),
    event("kms", "DisableKey", {"keyId": KEY_ARN.replace(ACCOUNT, "999999999999")}),
    event("lambda", "UpdateFunctionCode20150331v2", {"functionName": "alerter-2"}),
    event("lambda", "UpdateFunctionCode20150331v2", {"functionName": f"{FUNCTION_ARN}-2"}),
    event("lambda", "DeleteFunction20150331", {"functionName": FUNCTION_ARN.replace(ACCOUNT, "999999999999")}),
    event(
        "lambda",
        "DeleteEventSourceMapping20150331",
        {"uUID": "0a1b"},
        responseElements={"functionArn": f"{FUNCTION_ARN}-2"},
    ),
    event("events", "DisableRule", {"name": "log-files-2"}),
    event("events", "DeleteRule", {"name": "my-cloudtrail-tripwire-rule"}),
    event("events", "DeleteConnection", {"name": "another"}),
    event("sqs", "PurgeQueue", {"queueUrl": f"{QUEUE_URL}-2"}),
    event("sqs", "PurgeQueue", {"queueUrl": QUEUE_URL.replace(ACCOUNT, "999999999999")}),
    event("sns", "DeleteTopic", {"topicArn": f"{TOPIC_ARN}-2"}),
    event("sns", "Unsubscribe", {"subscriptionArn": f"{TOPIC_ARN}-2:0a1b"}),
    event("dynamodb", "DeleteTable", {"tableName": "state-2"}),
    event("iam", "DeleteRole", {"roleName": "alerter2"}),
    event("organizations", "DisableAWSServiceAccess", {"servicePrincipal": "config.amazonaws.com"}),
    # What harms nothing.
    event("cloudtrail", "StartLogging", {"name": "main"}),
    event("cloudtrail", "DescribeTrails", {}),
    event("cloudtrail", "StopLoggingAnything", {"name": "main"}),
    event("cloudtrail", "stoplogging", {"name": "main"}),
    event("s3", "GetBucketPolicy", _BUCKET),
    event("s3", "DeleteBucketTagging", _BUCKET),
    event("s3", "DeleteBucketWebsite", _BUCKET),
    event("kms", "Decrypt", {"keyId": KEY_ARN}),
    event("lambda", "GetFunctionConfiguration20150331v2", _FUNCTION),
    event("lambda", "Invoke", _FUNCTION),
    event("events", "DescribeRule", {"name": "log-files"}),
    # The same names from somewhere else: no one but AWS may put events as "aws.…", and the service must fit too.
    {**event("cloudtrail", "StopLogging", {"name": "main"}), "source": "my.application"},
    {**event("cloudtrail", "StopLogging", {"name": "main"}), "source": "aws.cloudtrail.mine"},
    {**event("cloudtrail", "StopLogging", {"name": "main"}), "detail-type": "AWS Service Event via CloudTrail"},
    event("cloudtrail", "StopLogging", {"name": "main"}, eventSource="actiontrail.example.com"),
    event("glue", "StopLogging", {"name": "main"}),
    event("sns", "PurgeQueue", {"queueUrl": QUEUE_URL}),
    event("redshift", "DeleteTrail", {"name": "main"}),
]
