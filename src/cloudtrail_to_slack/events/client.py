"""The kind of client that made a call: the console, a command line, infrastructure code, an SDK, a service. Pure.

The caller chooses the user agent, so this is only the caller's claim. Sources: AWS CloudTrail User Guide, "CloudTrail
record contents" (`userAgent`, `sessionCredentialFromConsole`); the user agents of the tools themselves.
"""

import re

from cloudtrail_to_slack.events.event import Event

_KINDS = (
    (re.compile(r"opentofu", re.IGNORECASE), "OpenTofu"),
    (re.compile(r"terraform", re.IGNORECASE), "Terraform"),
    (re.compile(r"pulumi", re.IGNORECASE), "Pulumi"),
    (re.compile(r"crossplane", re.IGNORECASE), "Crossplane"),
    (re.compile(r"ansible", re.IGNORECASE), "Ansible"),
    (re.compile(r"^cloudformation\.amazonaws\.com$"), "CloudFormation"),
    (re.compile(r"\baws-cdk\b|^aws-cdk", re.IGNORECASE), "AWS CDK"),
    (re.compile(r"^(?:signin|console(?:\.[a-z0-9-]+)?)\.amazonaws\.com$|\bAWSConsole\b|^\[?S3Console"), "console"),
    (re.compile(r"^[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?$|^AWS Internal$|^aws-internal/"), "AWS service"),
    (re.compile(r"CloudShell", re.IGNORECASE), "AWS CloudShell"),
    (re.compile(r"^\[?aws-cli/"), "AWS CLI"),
    (re.compile(r"AWSPowerShell|AWS Tools for PowerShell", re.IGNORECASE), "PowerShell"),
    (re.compile(r"aws-sdk|boto3|botocore|aws-chalice|\brusoto/|^m/", re.IGNORECASE), "AWS SDK"),
    (re.compile(r"^\[?Mozilla/"), "browser"),
)
KINDS = frozenset(kind for _, kind in _KINDS)
_LONGEST = 1_000  # characters that are searched


def client_kind(event: Event) -> str | None:
    """Return the kind of client in a word; None: the user agent does not show it."""
    agent = event.text("userAgent").strip()[:_LONGEST]
    found = next((kind for pattern, kind in _KINDS if pattern.search(agent)), None)
    from_console = str(event.record.get("sessionCredentialFromConsole")).lower() == "true"
    return "console" if from_console and found in (None, "browser", "AWS service", "AWS SDK") else found
