"""The sample log objects, as CloudTrail would write them."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

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
    """Return every object of the demo in the order of the story; the last one is a gzip file that was cut off."""
    folder = files(__package__) / "samples"
    found = sorted((file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".json"))
    uploads: list[Upload] = []
    for file_name, text in found:
        name, sample = file_name.removesuffix(".json"), json.loads(text)
        records = sample.get("records")
        body = _gzipped(sample["content"] if records is None else {"Records": records})
        uploads.append(Upload(_key(name, sample), body, len(records or ()), told_removed=name == _REMOVED))
        if name == _TRUNCATED_FROM:
            cut_off = Upload(_key(f"{name}, cut off", sample), body[: len(body) // 2], 0)
    return [*uploads, cut_off]


def _gzipped(content: Any) -> bytes:  # noqa: ANN401 (any JSON)
    return gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0)


def _key(name: str, sample: dict[str, Any]) -> str:
    """Return the object's key.

    Source: AWS CloudTrail User Guide, "CloudTrail log file examples", "Log file name format".
    """
    account, kind, region = sample["account"], sample["kind"], sample["region"]
    unique = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"AWSLogs/{account}/{kind}/{region}/{_DAY}/{account}_{kind}_{region}_{_TIME}_{unique}.json.gz"
