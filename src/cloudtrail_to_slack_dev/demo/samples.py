"""The sample log files, as CloudTrail would write them, at the times at which the story happens."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from cloudtrail_to_slack_dev.demo.errors import DemoError

_DAY = "2026-03-14"
_ISO = re.compile(rf"{_DAY}T\d\d:\d\d:\d\dZ")
_ISO_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_IN_WORDS = re.compile(r"Mar 14, 2026, (\d{1,2}:\d\d:\d\d [AP]M)")  # as IAM and STS write times in what they return
_IN_WORDS_FORMAT = "%b %d, %Y, %I:%M:%S %p"


@dataclass(frozen=True, slots=True)
class LogFile:
    """One object in the trail's bucket.

    Attributes:
        key: Where CloudTrail puts it.
        body: Its bytes.
        records: How many records it holds.
        delivered: When CloudTrail puts it there.
    """

    key: str
    body: bytes
    records: int
    delivered: datetime

    def damaged(self) -> "LogFile":
        """Return the same file as it is when its upload broke off: no record can be read."""
        return LogFile(self.key, self.body[: len(self.body) // 8], 0, self.delivered)


def read_log_files(end: datetime) -> dict[str, LogFile]:
    """Return the log files by the names of their samples, in order; the last of them is delivered at `end`.

    Raises:
        DemoError: there is no sample, or one is not what a sample is.
    """
    try:
        samples = _read_samples()
        written_end = max(_parse(sample["delivered"]) for sample in samples.values())
        later = end.replace(microsecond=0) - written_end
        return {name: _log_file(name, move(sample, later)) for name, sample in samples.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DemoError(f"a sample cannot be read: {type(error).__name__}: {error}") from error


def move(sample: Any, later: timedelta) -> Any:  # noqa: ANN401 (JSON)
    """Return a sample with all times of the story's day that much later."""

    def moved(time_format: str) -> Callable[[re.Match[str]], str]:
        return lambda match: (datetime.strptime(match[0], time_format).replace(tzinfo=UTC) + later).strftime(
            time_format
        )

    text = json.dumps(sample, ensure_ascii=False)
    return json.loads(_IN_WORDS.sub(moved(_IN_WORDS_FORMAT), _ISO.sub(moved(_ISO_FORMAT), text)))


def _parse(text: str) -> datetime:
    return datetime.strptime(text, _ISO_FORMAT).replace(tzinfo=UTC)


def _read_samples() -> dict[str, dict[str, Any]]:
    folder = files(__package__) / "samples"
    found = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".json"))
    return {name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for name, file in found}


def _log_file(name: str, sample: dict[str, Any]) -> LogFile:
    delivered = _parse(sample["delivered"])
    # What the file holds: records, or for a digest its content.
    content = {"Records": sample["records"]} if "records" in sample else sample["content"]
    body = gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0)
    return LogFile(_key(name, sample, delivered), body, len(sample.get("records", ())), delivered)


def _key(name: str, sample: dict[str, Any], delivered: datetime) -> str:
    """Return the object's key.

    Source: AWS CloudTrail User Guide, "CloudTrail log file examples", "Log file name format".
    """
    account, kind, region = sample["account"], sample["kind"], sample["region"]
    unique = hashlib.sha256(name.encode()).hexdigest()[:16]
    folder = f"AWSLogs/{account}/{kind}/{region}/{delivered:%Y/%m/%d}"
    return f"{folder}/{account}_{kind}_{region}_{delivered:%Y%m%dT%H%MZ}_{unique}.json.gz"
