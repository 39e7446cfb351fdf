"""Links into the AWS console, right for the partition a region belongs to. Pure.

Sources: AWS General Reference, "Console endpoints"; AWS GovCloud (US) User Guide, "Console"; Amazon Web Services in
China, "Endpoints"; AWS European Sovereign Cloud User Guide, "Console".
"""

import re
from urllib.parse import quote

from cloudtrail_to_slack.aws.arns import is_region
from cloudtrail_to_slack.ingest.payloads import LogFile

_EVENT_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LONGEST = 1200  # a key has about 200 characters; a longer link would leave too little room for the message
_CONSOLES = (
    ("us-gov-", "console.amazonaws-us-gov.com"),
    ("cn-", "console.amazonaws.cn"),
    ("eusc-", "console.amazonaws-eusc.eu"),
)


def event_link(region: str, event_id: str) -> str | None:
    """Return the address of an event in CloudTrail's event history; None: region or ID is invalid."""
    if not is_region(region) or not _EVENT_ID.fullmatch(event_id):
        return None
    return f"https://{region}.{_console(region)}/cloudtrailv2/home?region={region}#/events/{event_id}"


def insights_link(region: str) -> str | None:
    """Return the address of a region's list of Insights; None: the region is invalid."""
    if not is_region(region):
        return None
    return f"https://{region}.{_console(region)}/cloudtrailv2/home?region={region}#/insights"


def log_file_link(log_file: LogFile, fallback_region: str) -> str | None:
    """Return a log file's address in the S3 console; `fallback_region` is used if the bucket's is unknown."""
    region = log_file.region or fallback_region
    if not is_region(region) or not _BUCKET.fullmatch(log_file.bucket):
        return None
    key = quote(log_file.key.encode("utf-8", "replace"), safe="/")
    link = f"https://{region}.{_console(region)}/s3/object/{log_file.bucket}?region={region}&prefix={key}"
    return link if len(link) <= _LONGEST else None


def _console(region: str) -> str:
    return next((host for prefix, host in _CONSOLES if region.startswith(prefix)), "console.aws.amazon.com")
