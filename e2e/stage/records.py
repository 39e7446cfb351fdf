"""What happens in an account, as CloudTrail records it."""

import uuid
from typing import Any


def stop_logging(account: str) -> dict[str, Any]:
    """Return the record of a stopped trail."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": f"arn:aws:iam::{account}:user/mallory",
            "accountId": account,
            "userName": "mallory",
        },
        "eventTime": "2026-03-14T09:30:12Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": {"name": "the-trail"},
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }
