"""The sample log objects, as CloudTrail would write them."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from cloudtrail_to_slack_dev.demo.errors import DemoError

_TRUNCATED_FROM = "03_quiet_staging"
_REMOVED = "09_trail_stopped"
_DAY, _TIME = "2026/03/14", "20260314T0930Z"


@dataclass(frozen=True, slots=True)
class Upload:
    """One object to put into the trail's bucket.

    Attributes:
        key: Where CloudTrail puts it.
        body: Its bytes.
        records: How many records can be read from it.
        told_removed: Whether it is removed at the end, to show how that is told.
    """

    key: str
    body: bytes
    records: int
    told_removed: bool = False


def read_uploads() -> list[Upload]:
    """Return every object of the demo in the order of the story; the last one is a gzip file that was cut off.

    Raises:
        DemoError: a sample that the demo needs is not there, or one is not what a sample is.
    """
    try:
        return _make_uploads(_read_samples())
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DemoError(f"a sample cannot be read: {type(error).__name__}: {error}") from error


def _make_uploads(samples: dict[str, dict[str, Any]]) -> list[Upload]:
    for name in (_TRUNCATED_FROM, _REMOVED):
        if name not in samples:
            raise DemoError(f"there is no sample {name}.json")
    uploads = [
        Upload(_key(name, sample), _body(sample), len(sample.get("records", ())), told_removed=name == _REMOVED)
        for name, sample in samples.items()
    ]
    sample = samples[_TRUNCATED_FROM]
    body = _body(sample)
    return [*uploads, Upload(_key(f"{_TRUNCATED_FROM} cut off", sample), body[: len(body) // 8], 0)]


def _read_samples() -> dict[str, dict[str, Any]]:
    folder = files(__package__) / "samples"
    found = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".json"))
    return {name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for name, file in found}


def _body(sample: dict[str, Any]) -> bytes:
    """Return what stands in the object: records, or for a digest its content."""
    content = {"Records": sample["records"]} if "records" in sample else sample["content"]
    return gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0)


def _key(name: str, sample: dict[str, Any]) -> str:
    """Return the object's key.

    Source: AWS CloudTrail User Guide, "CloudTrail log file examples", "Log file name format".
    """
    account, kind, region = sample["account"], sample["kind"], sample["region"]
    unique = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"AWSLogs/{account}/{kind}/{region}/{_DAY}/{account}_{kind}_{region}_{_TIME}_{unique}.json.gz"
