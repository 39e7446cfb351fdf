"""Interpret the keys of objects in the trail's bucket.

A caller of `UpdateTrail` chooses the prefix before CloudTrail's part of a key, and may make it look like any layout.
CloudTrail writes the end of the key. So the last layout in a key counts, and the file's name overrules any folder.
"""

import re
from dataclasses import dataclass

LOG_KINDS = frozenset({"CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity"})

_SKIPPED_KINDS = {
    "CloudTrail-Digest": "a digest: signatures, not events",
    "CloudTrail-Aggregated": "aggregated events, which are in another format",
    "Config": "written by AWS Config",
}
# [prefix/]AWSLogs/[o-orgid/]ACCOUNT/KIND/[REGION/]…, with Control Tower's organization id in the prefix. The first part
# of the pattern is greedy, so that the last layout is found, also where two overlap.
# Source: AWS CloudTrail User Guide, "Finding your CloudTrail log files".
_LAYOUT = re.compile(r"(?:.*/)?AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>[0-9]{12})/(?P<kind>[^/]+)/", re.DOTALL)
# ACCOUNT_KIND_REGION_TIME_UNIQUE.json.gz, or for a digest ACCOUNT_CloudTrail-Digest_REGION_TRAIL_REGION_TIME.json.gz.
# Sources: the same guide, "CloudTrail log file examples" and "CloudTrail digest file structure".
_FILE_NAME = re.compile(r"(?P<account>[0-9]{12})_(?P<kind>CloudTrail(?:-[A-Za-z]+)?)(?:_.*)?", re.DOTALL)
_LOG_FILE_NAME = re.compile(
    r"[0-9]{12}_(?:CloudTrail|CloudTrail-Insight|CloudTrail-NetworkActivity)"
    r"_[a-z]{2,10}(?:-[a-z]{1,20}){1,3}-[0-9]{1,2}_[0-9]{8}T[0-9]{4,6}Z_[^/]+\.json(?:\.gz)?"
)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """The account in a key (12 digits or None), and why the object is not a log file (None: it may be one)."""

    account: str | None
    skip_reason: str | None


def read_key(key: str) -> KeyFacts:
    """Return the facts in a decoded key."""
    name = key.rpartition("/")[2]
    layout, named = _LAYOUT.match(key), _FILE_NAME.fullmatch(name)
    account = layout["account"] if layout else named["account"] if named else None
    folder, kind = layout["kind"] if layout else None, named["kind"] if named else None
    return KeyFacts(account, None if _LOG_FILE_NAME.fullmatch(name) else _skip_reason(key, name, folder, kind))


def _skip_reason(key: str, name: str, folder: str | None, named: str | None) -> str | None:
    """Return why an object is not a log file; `folder` and `named` are the kinds that its layout and name state."""
    if folder in LOG_KINDS:
        return None if name else "a folder"
    for kind in (named, folder):
        if kind in _SKIPPED_KINDS:
            return _SKIPPED_KINDS[kind]
    if folder is not None:
        return "written by a service other than CloudTrail"
    # Not CloudTrail's layout, so it was copied. The target folders may still be named after the kind of file.
    for part in key.split("/"):
        if part.startswith("CloudTrail-") and part in _SKIPPED_KINDS:
            return _SKIPPED_KINDS[part]
    return None if key.endswith((".json.gz", ".json")) else "its name ends neither with .json.gz nor with .json"
