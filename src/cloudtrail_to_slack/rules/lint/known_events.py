"""Which event names CloudTrail may show, as far as AWS's API models say. Pure, but for reading its own lists.

`known_events.txt` has the operations of all APIs (`python -m cloudtrail_to_slack_dev.event_names` writes it),
`events_of_no_api.txt` sign-in, what services do by themselves, and names that differ from the API's.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

# Permissions that no event is named after, and what to look for instead.
_PERMISSIONS = {
    "PassRole": "it is a permission that other calls need: look for those, such as RunInstances or CreateFunction",
    "TagSession": "it is a permission: look for AssumeRole",
    "ListAllMyBuckets": "the call is ListBuckets",
    "ListBucket": "the call is ListObjects",
    "ListBucketVersions": "the call is ListObjectVersions",
    "PutLifecycleConfiguration": "the call is PutBucketLifecycle",
    "PutEncryptionConfiguration": "the call is PutBucketEncryption",
    "PutReplicationConfiguration": "the call is PutBucketReplication",
    "PutInventoryConfiguration": "the call is PutBucketInventoryConfiguration",
    "InvokeFunction": "the call is Invoke",
    "BypassGovernanceRetention": "it is a permission: look for DeleteObject",
}
# Operations of Lambda alone that CloudTrail shows with the date of the API. Source: AWS Lambda Developer Guide,
# "Logging AWS Lambda API calls using AWS CloudTrail".
_WITH_DATES = {
    **dict.fromkeys(
        ("CreateEventSourceMapping", "CreateFunction", "DeleteEventSourceMapping", "DeleteFunction",
         "GetEventSourceMapping", "ListEventSourceMappings", "ListFunctions", "UpdateEventSourceMapping"),
        "20150331",
    ),
    **dict.fromkeys(("GetFunctionConfiguration", "UpdateFunctionCode", "UpdateFunctionConfiguration"), "20150331v2"),
    "PublishLayerVersion": "20181031",
}  # fmt: skip
# Lambda and CloudFront add the date of their API: UpdateFunctionCode20150331v2, CreateDistribution2020_05_31.
_API_DATE = re.compile(r"(?:\d{8}(?:v\d+)?|\d{4}_\d\d_\d\d)$", re.ASCII)
_NEAR = 3  # how many characters a name may be longer or shorter than what it was mistaken for


def unknown_event_reason(name: str) -> str | None:
    """Return why no event is probably called `name`, None when there is nothing to say against it."""
    if name in _PERMISSIONS:
        return f"never appears in CloudTrail: {_PERMISSIONS[name]}"
    if is_known(name):
        return None
    close = _close_to(name)
    return "is no event of any AWS service known here" + (f"; did you mean {close}?" if close else "")


def dated_name(name: str) -> str | None:
    """Return the name with an API date under which CloudTrail shows an operation, None where it needs none."""
    return f"{name}{_WITH_DATES[name]}" if name in _WITH_DATES else None


def is_known(name: str) -> bool:
    """Whether an event of this name is known."""
    return name in _names("events_of_no_api.txt") or _API_DATE.sub("", name) in _names("known_events.txt")


@functools.cache
def _names(file: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(file).read_text("ascii").split())


def _close_to(name: str) -> str | None:
    import difflib  # noqa: PLC0415 (only for names that are wrong)

    names = [*_names("events_of_no_api.txt"), *_names("known_events.txt")]
    wrong = name.lower()
    same = sorted(known for known in names if known.lower() == wrong)
    near = [known for known in names if known[:1].lower() == wrong[:1] and abs(len(known) - len(name)) <= _NEAR]
    return next(iter(same or difflib.get_close_matches(name, sorted(near), n=1, cutoff=0.8)), None)
