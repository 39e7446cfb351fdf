"""What the key of an object in the trail's bucket tells about it."""

import re
from dataclasses import dataclass

LOG_KINDS = frozenset({"CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity"})

_SKIPPED_KINDS = {
    "CloudTrail-Digest": "a digest: signatures, not events",
    "CloudTrail-Aggregated": "aggregated events, which are in another format",
    "Config": "written by AWS Config",
}
# [prefix/]AWSLogs/[o-orgid/]ACCOUNT/KIND/[REGION/]…, with Control Tower's organisation id in the prefix.
# Source: AWS CloudTrail User Guide, "Finding your CloudTrail log files".
_LAYOUT = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>\d{12})/(?P<kind>[^/]+)/", re.ASCII)
# A log file's own name also begins with the account, wherever it was copied to.
_FILE_NAME = re.compile(r"(?:^|/)(?P<account>\d{12})_CloudTrail[^/]*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a key says: the 12-digit account or None, and why the object is no log object (None: it may be one)."""

    account: str | None
    skip_reason: str | None


def read_key(key: str) -> KeyFacts:
    """Tell what `key` (decoded) says about its object."""
    layout = _LAYOUT.search(key)
    name = _FILE_NAME.search(key)
    account = layout["account"] if layout else name["account"] if name else None
    return KeyFacts(account, _skip_reason(key, layout["kind"] if layout else None))


def _skip_reason(key: str, kind: str | None) -> str | None:
    if kind in LOG_KINDS:
        return None if not key.endswith("/") else "a folder"
    if kind in _SKIPPED_KINDS:
        return _SKIPPED_KINDS[kind]
    if kind is not None:
        return "written by another service than CloudTrail"
    # Not CloudTrail's layout: somebody copied it. Its own words still tell digests apart.
    for word, reason in _SKIPPED_KINDS.items():
        if word.startswith("CloudTrail-") and word in key:
            return reason
    return None if key.endswith((".json.gz", ".json")) else "named neither .json.gz nor .json"
