"""Reading events from files and standard input: a record, a log file, EventBridge's envelope, or one of them a line.

Also what `aws cloudtrail lookup-events` prints, in which each record is a string.
"""

import gzip
import io
import json
import os
import sys
import zlib
from collections.abc import Iterator
from typing import Any

from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.errors import CommandError, UnreadableError, read_bytes
from cloudtrail_to_slack_cli.rule_files.document import parse
from cloudtrail_to_slack_cli.terminal import closest

STANDARD_INPUT = "-"
# What only a record has. Source: AWS CloudTrail User Guide, "CloudTrail record contents", the fields of all events.
_SIGNS = frozenset({"eventName", "eventSource", "eventID", "eventVersion", "eventTime", "eventType", "userIdentity"})
_SHOWN_IDS = 3
_GZIP = b"\x1f\x8b"
_MOST_BYTES = 512 * 1024 * 1024


def read_records(path: str) -> list[dict[str, Any]]:
    """Read all records of a file; `-` is standard input.

    Raises:
        UnreadableError: it cannot be read, or contains no record.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    return read_records_in(sys.stdin.buffer.read() if path == STANDARD_INPUT else read_bytes(path), name)


def read_records_in(content: bytes, name: str, *, most_bytes: int = _MOST_BYTES) -> list[dict[str, Any]]:
    """Read all records of the content of a file that is called `name`, of at most `most_bytes` when unpacked.

    Raises:
        UnreadableError: it cannot be read, or contains no record.
    """
    values = _values(_decoded(content, name, most_bytes), name)
    unwrapped = (record for value in values for record in unwrap(value))
    records = [record for record in unwrapped if isinstance(record, dict) and record]
    if not any(_SIGNS & record.keys() for record in records):
        raise UnreadableError(name, "contains no CloudTrail record")
    return records


def choose(records: list[dict[str, Any]], path: str, event_id: str | None = None) -> dict[str, Any]:
    """Return the one record of a file, or the one with that `eventID`.

    Raises:
        CommandError: there are several records and no `event_id`, or none has it.
    """
    if event_id is None and len(records) > 1:
        known = [f"{record['eventID']} ({record.get('eventName')})" for record in records if record.get("eventID")]
        such = f", such as {' or '.join(known[:_SHOWN_IDS])}" if known else ""
        raise CommandError(f"{path} contains {len(records):,} records: choose one with --event-id{such}")
    for record in records:
        if event_id in (None, record.get("eventID")):
            return record
    raise CommandError(f"{path} contains no record with the eventID {event_id}")


def as_json(value: object) -> Any:  # noqa: ANN401 (any JSON)
    """Return a value of YAML as JSON has it: what YAML alone has, such as a number as a key, is not part of an event.

    Raises:
        ValueError: it cannot be JSON.
    """
    try:
        return json.loads(json.dumps(value, default=str))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def unwrap(value: object) -> Iterator[object]:
    """Yield the records in a value: of a log file, an envelope or a list, or the value itself."""
    if isinstance(value, list):
        for item in value:
            yield from unwrap(item)
    elif isinstance(value, dict) and isinstance(value.get("Records"), list):
        yield from value["Records"]
    elif isinstance(value, dict) and isinstance(value.get("Events"), list) and "eventName" not in value:
        yield from unwrap(value["Events"])
    elif isinstance(value, dict) and isinstance(value.get("CloudTrailEvent"), str):
        yield _looked_up(value)
    elif isinstance(value, dict) and "detail-type" in value and "detail" in value:
        yield value["detail"]
    elif isinstance(value, dict) and isinstance(value.get("event"), dict) and "eventVersion" not in value:
        yield value["event"]
    else:
        yield value


def _looked_up(value: dict[str, object]) -> object:
    """Return the record in an item of `aws cloudtrail lookup-events`; the item itself if it is none."""
    try:
        return json.loads(str(value["CloudTrailEvent"]))
    except (ValueError, RecursionError):
        return value


def _decoded(content: bytes, path: str, most_bytes: int) -> str:
    try:
        if content.startswith(_GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise UnreadableError(path, f"has more than {most_bytes:,} bytes; backtest reads files of any size")
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error):
        raise UnreadableError(path, "is not valid gzip, or truncated") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(path, "is not UTF-8", content.count(b"\n", 0, error.start) + 1) from None


def _values(text: str, path: str) -> Iterator[object]:
    """Yield the JSON values of a text: one, or one a line; YAML where the path says so."""
    if path.endswith((".yaml", ".yml")):
        try:
            yield as_json(parse(text, path).data)
        except ValueError:
            raise UnreadableError(path, "has keys that no event has") from None
        return
    if not text.strip():
        raise UnreadableError(path, "is empty")
    try:
        yield json.loads(text)
    except (ValueError, RecursionError) as error:
        whole = error
    else:
        return
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            # A document over several lines, or a broken line among others.
            raise _not_json(path, *((whole, 1) if number == lines[0][0] else (error, number))) from None
        yield value


def _not_json(path: str, error: Exception, line: int) -> UnreadableError:
    """Return what is wrong with JSON that begins at a line."""
    if isinstance(error, json.JSONDecodeError):
        return UnreadableError(path, f"is not JSON: {error.msg}", line + error.lineno - 1, error.colno)
    problem = "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
    return UnreadableError(path, f"cannot be read: {problem}", line)


def read_event_argument(argument: str, event_id: str | None = None) -> dict[str, Any]:
    """Read the one record that an argument names: a file, standard input (`-`), or a sample event.

    Raises:
        UnreadableError: it cannot be read.
        CommandError: as `choose`.
    """
    return choose(read_records_argument(argument), argument, event_id)


def read_records_argument(argument: str) -> list[dict[str, Any]]:
    """Read all records that an argument names, likewise.

    Raises:
        UnreadableError: it cannot be read.
    """
    is_file = argument == STANDARD_INPUT or os.path.exists(argument)  # noqa: PTH110 (it may be any text)
    if not is_file and argument in samples.names():
        return [samples.load(argument)]
    try:
        return read_records(argument)
    except UnreadableError as error:
        close = "" if is_file else closest(argument, samples.names())
        meant = f", and no sample has that name{close}" if close else ""
        raise UnreadableError(error.path, f"{error.problem}{meant}", error.line, error.column) from None
