"""A seeded generator of log files that look like CloudTrail's: about 1.6 KB a record, one in 200 worth an alert."""

import gzip
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

_SERVICES = {
    "ec2": ("DescribeInstances", "DescribeVolumes", "DescribeSecurityGroups", "DescribeTags", "RunInstances"),
    "s3": ("GetObject", "PutObject", "ListObjects", "GetBucketLocation", "HeadObject", "GetBucketAcl"),
    "sts": ("AssumeRole", "GetCallerIdentity", "AssumeRoleWithWebIdentity"),
    "kms": ("Decrypt", "GenerateDataKey", "DescribeKey"),
    "lambda": ("Invoke", "GetFunction20150331v2", "ListFunctions20150331", "GetPolicy20150331v2"),
    "dynamodb": ("DescribeTable", "GetItem", "Query", "PutItem"),
    "logs": ("CreateLogStream", "PutLogEvents", "DescribeLogGroups"),
    "iam": ("GetRole", "ListRoles", "GetPolicyVersion", "ListAttachedRolePolicies"),
    "ssm": ("GetParameter", "UpdateInstanceInformation", "ListAssociations"),
    "monitoring": ("DescribeAlarms", "PutMetricData", "GetMetricData"),
    "secretsmanager": ("GetSecretValue", "DescribeSecret"),
    "autoscaling": ("DescribeAutoScalingGroups", "DescribeScalingActivities"),
}  # fmt: skip
_REGIONS = ("eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")
_AGENTS = (
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.173.0",
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#5.10.220 md/arch#x86_64 lang/python#3.12.4",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 terraform-provider-aws/5.58.0 aws-sdk-go-v2/1.30.1",
    "cloudtrail.amazonaws.com",
)
MATCHING_SHARE = 0.005


def records(count: int, *, seed: int = 20260314, matching: float = MATCHING_SHARE) -> Iterator[dict[str, Any]]:
    """Yield `count` records, the same for the same seed; a share of `matching` matches a default rule."""
    chance = random.Random(seed)  # noqa: S311 (repeatable on purpose)
    wanted = round(count * matching)
    chosen = set(chance.sample(range(count), wanted))
    for number in range(count):
        record = _record(chance, number)
        if number in chosen:
            record |= chance.choice(
                (
                    {"errorCode": "AccessDenied", "errorMessage": "User is not authorized to perform this"},
                    {"errorCode": "Client.UnauthorizedOperation", "errorMessage": "You are not authorized"},
                    {"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com"},
                    {"eventName": "ConsoleLogin", "additionalEventData": {"MFAUsed": "No"}},
                )
            )
        yield record


def log_file(count: int, *, seed: int = 20260314, matching: float = MATCHING_SHARE) -> bytes:
    """Return a log file of `count` records, gzipped as CloudTrail does it."""
    text = json.dumps({"Records": list(records(count, seed=seed, matching=matching))}, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def _record(chance: random.Random, number: int) -> dict[str, Any]:
    service = chance.choice(tuple(_SERVICES))
    name = chance.choice(_SERVICES[service])
    account = f"{chance.randrange(12):012d}".replace("0000", "1111", 1)
    role = f"role-{chance.randrange(40)}"
    resource = f"{service}-resource-{chance.randrange(5000):05d}"
    return {
        "eventVersion": "1.09",
        "userIdentity": _identity(chance, account, role),
        "eventTime": f"2026-03-14T09:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": chance.choice(_REGIONS),
        "sourceIPAddress": f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}",
        "userAgent": chance.choice(_AGENTS),
        "requestParameters": {
            "resourceName": resource,
            "filterSet": {
                "items": [
                    {"name": f"tag:team-{chance.randrange(9)}", "valueSet": {"items": [{"value": resource}]}}
                    for _ in range(chance.randrange(1, 5))
                ]
            },
        },
        "responseElements": chance.choice((None, {"requestId": str(uuid.UUID(int=chance.getrandbits(128)))})),
        "requestID": str(uuid.UUID(int=chance.getrandbits(128))),
        "eventID": str(uuid.UUID(int=chance.getrandbits(128))),
        "readOnly": name.startswith(("Describe", "Get", "List", "Head")),
        "resources": [
            {"accountId": account, "type": f"AWS::{service}::Thing", "ARN": f"arn:aws:{service}:::{resource}"}
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{service}.eu-west-1.amazonaws.com",
        },
    }


def _identity(chance: random.Random, account: str, role: str) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{chance.randrange(10**16):016d}:i-{chance.randrange(16**17):017x}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/i-{chance.randrange(16**17):017x}",
        "accountId": account,
        "accessKeyId": f"ASIA{chance.randrange(10**16):016d}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROA{chance.randrange(10**16):016d}",
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": "2026-03-14T08:12:05Z", "mfaAuthenticated": "false"},
            "ec2RoleDelivery": "2.0",
        },
    }
