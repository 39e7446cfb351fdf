"""Ordinary records, events and alerts, to change one thing at a time."""

from typing import Any

from cloudtrail_to_slack.alerts.alert import Alert, make_alert
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Rule, Severity

ACCOUNT = "111122223333"
EVENT_ID = "1682fded-d0be-4f0f-b80e-d10d01fb69ed"
KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03/14/{ACCOUNT}_CloudTrail_eu-west-1_20260314T0930Z_Ab12.json.gz"
LOG_FILE = LogFile("trail-bucket", KEY, "eu-west-1")
ROLE_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/web/session-1"
RULE = Rule("True", id="always", title="Always", severity=Severity.HIGH)


def record(**changes: Any) -> dict[str, Any]:
    """Return an ordinary record with `changes`; a change to `...` removes the key."""
    whole: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:session-1",
            "arn": ROLE_ARN,
            "accountId": ACCOUNT,
        },
        "eventTime": "2026-03-14T09:24:17Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.24.11",
        "requestParameters": {"bucketName": "example-bucket"},
        "responseElements": None,
        "eventID": EVENT_ID,
        "recipientAccountId": ACCOUNT,
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def event(**changes: Any) -> Event:
    """Return the event of an ordinary record with `changes`."""
    return read_event(record(**changes), object_key=KEY)


def alert(*rules: Rule, log_file: LogFile | None = LOG_FILE, **changes: Any) -> Alert:
    """Return the alert of an ordinary record with `changes`, matched by `rules` or by one that always matches."""
    return make_alert(event(**changes), rules or (RULE,), log_file)
