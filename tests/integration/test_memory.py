"""The memory of the whole process, whatever an object holds: below 200 MB, in a function that has 256 MB.

The real handler runs in a process of its own, so that its imports count and nothing else does.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from support.app_environment import KEY, AppEnvironment, failed_messages, record, s3_event, sqs_event

_LIMIT = 200
_CODE = r"""
import json, pathlib, re, sys
from types import SimpleNamespace
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.handler import lambda_handler

try:
    said = lambda_handler(json.load(sys.stdin), SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000))
except InvocationFailedError as error:
    said = {"failed": str(error)}
peak = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())
print(json.dumps({"said": said, "megabytes": int(peak[1]) / 1024}), file=sys.stderr)
"""

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux: /proc/self/status")  # noqa: PTH110 (read once, here)


def _run(payload: Any) -> tuple[Any, float]:
    """Invoke the handler in a new process; return what it answers, and its peak memory in MB."""
    process = subprocess.run(  # noqa: S603 (our own code)
        [sys.executable, "-c", _CODE], input=json.dumps(payload).encode(), capture_output=True, check=False
    )
    lines = process.stderr.decode().splitlines()
    result = json.loads(lines[-1])
    return result["said"], result["megabytes"]


def _denied(more: bytes) -> bytes:
    """A record that a default rule matches, and more of it."""
    return b'{"eventVersion":"1.11","errorCode":"AccessDenied",%s}' % more


def _file(*records: bytes, first: bytes = b"") -> bytes:
    return gzip.compress(b"{" + first + b'"Records":[' + b",".join(records) + b"]}", 6)


_MANY = b",".join(b'"k%d":"v%d"' % (number, number) for number in range(95_000))
Content = Callable[[], bytes]  # made when it is needed: there are bombs among them
_REFUSED: Mapping[str, tuple[Content, str]] = {
    "eleven million records": (lambda: _file(b"{}," * 11_000_000 + b"{}"), "more records than 50,000"),
    "records not first": (lambda: _file(b"{}," * 11_000_000 + b"{}", first=b'"v":1,'), "more records than 50,000"),
    "a million scalars": (lambda: _file(b"1," * 1_000_000 + b"1"), "more records than 50,000"),
    "a million tiny lists": (lambda: _file(b"[]," * 1_000_000 + b"[]"), "more records than 50,000"),
    "a million documents": (lambda: gzip.compress(b'{"Records":[]}\n' * 1_000_000), "more records than 50,000"),
    "a million keys beside the records": (lambda: _file(first=b'"a":1,' * 1_000_000), "more records than 50,000"),
    "a million numbers": (lambda: _file(_denied(b'"a":[' + b"1," * 900_000 + b"1]")), "more than 100,000 values"),
    "a million empty texts": (lambda: _file(_denied(b'"a":[' + b'"",' * 690_000 + b'""]')), "more than 100,000 values"),
    "many lists in a record": (lambda: _file(_denied(b'"a":[' + b"[]," * 600_000 + b"[]]")), "100,000 values"),
    "many keys in a record": (
        lambda: _file(_denied(b",".join(b'"%x":0' % number for number in range(180_000)))),
        "more than 100,000 values",
    ),
    "keys that flatten to gigabytes": (
        lambda: _file(_denied(b'"' + b"k" * 100_000 + b'":[' + b"1," * 90_000 + b"1]")),
        "more than 8,000,000 characters",
    ),
    "nesting without an end": (lambda: _file(b'{"a":' * 1_000_000), "more than 2,097,152 bytes or 100,000 values"),
    "a string without an end": (lambda: _file(b'{"a":"' + b"x" * 30_000_000), "more than 2,097,152 bytes"),
    "a key without an end": (lambda: _file(first=b'"' + b"x" * 30_000_000), "more than 1,048,576 bytes"),
    "a number without an end": (lambda: _file(b"1" * 30_000_000), "more than 2,097,152 bytes"),
    "a list beside the records": (
        lambda: _file(first=b'"x":[' + b"[]," * 2_000_000 + b"[]],"),
        "more than 1,048,576 bytes",
    ),
}
_READ: Mapping[str, Content] = {
    "white space": lambda: _file(b" " * 60_000_000 + b"{}"),
    "many values": lambda: _file(_denied(b'"requestParameters":{' + _MANY + b"}")),
    "a large text": lambda: _file(_denied(b'"errorMessage":"' + b"x" * 2_000_000 + b'"')),
    "a large text of wide characters": lambda: _file(
        _denied('"errorMessage":"\U0001f600'.encode() + b"x" * 2_000_000 + b'"')
    ),
    "a large key": lambda: _file(_denied(b'"' + b"x" * 2_000_000 + b'":1')),
    "a large number": lambda: _file(_denied(b'"a":' + b"1" * 2_000_000)),
    "halves of pairs": lambda: _file(_denied(b'"a":"' + b"\\ud800" * 340_000 + b'"')),
    "wide keys that repeat": lambda: _file(
        _denied('"{}":['.format("\U0001f600" * 80).encode() + b"1," * 90_000 + b"1]")
    ),
    "large event ids": lambda: _file(*(_denied(b'"eventID":"%d%s"' % (n, b"x" * 200_000)) for n in range(100))),
    "values that the index remembers": lambda: _file(
        *(
            '{{"eventVersion":"1","eventName":"\U0001f600{0}{1}","errorCode":"\U0001f600{0}{1}"}}'.format(
                n, "x" * 200
            ).encode()
            for n in range(30_000)
        )
    ),
}


def test_records_that_come_after_another_key_take_little_memory(app_env: AppEnvironment) -> None:
    """A file of 32 KB, in which millions of records come after another key, stays below 200 MB and fails."""
    content, limit = _REFUSED["records not first"]
    app_env.configure_bot(table=False)
    app_env.put(content())
    said, megabytes = _run(s3_event(KEY))
    assert limit in said["failed"]
    assert megabytes < _LIMIT


@pytest.mark.long
@pytest.mark.parametrize(("content", "limit"), _REFUSED.values(), ids=_REFUSED)
def test_what_is_beyond_a_limit_takes_little_memory(app_env: AppEnvironment, content: Content, limit: str) -> None:
    """An object beyond a limit fails with that limit, before it takes the process over 200 MB."""
    app_env.configure_bot(table=False)
    app_env.put(content())
    said, megabytes = _run(s3_event(KEY))
    assert limit in said["failed"]
    assert megabytes < _LIMIT


@pytest.mark.long
@pytest.mark.parametrize("content", _READ.values(), ids=_READ)
def test_what_is_within_the_limits_takes_little_memory(app_env: AppEnvironment, content: Content) -> None:
    """An object that just keeps to the limits is read, its alerts are sent to two destinations, within 200 MB."""
    app_env.configure_bot(table=False, sns={"default_topic_arn": app_env.make_topic("alerts")})
    app_env.put(content())
    said, megabytes = _run(s3_event(KEY))
    assert said["objects_read"] == 1
    assert megabytes < _LIMIT


@pytest.mark.long
@pytest.mark.parametrize("name", ["many values", "a large text of wide characters", "halves of pairs"])
def test_ten_such_objects_at_once_take_little_memory(app_env: AppEnvironment, name: str) -> None:
    """Files of a batch take turns, and what each keeps meanwhile is little."""
    app_env.configure_bot(table=False, sns={"default_topic_arn": app_env.make_topic("alerts")})
    content = _READ[name]()
    keys = [app_env.put(content, KEY.replace("0123", f"{number:04}")) for number in range(10)]
    said, megabytes = _run(sqs_event(*map(s3_event, keys)))
    assert failed_messages(said) == []
    assert megabytes < _LIMIT


@pytest.mark.long
def test_a_flood_of_alerts_takes_little_memory(app_env: AppEnvironment) -> None:
    """Of more alerts than an invocation can hold, the critical ones are still delivered, and the file fails."""
    app_env.configure_bot(table=False)
    stop = record(eventName="StopLogging", eventSource="cloudtrail.amazonaws.com", errorCode=None, errorMessage=None)
    flood = (_denied(b'"eventID":"%032x"' % (n * 0x9E3779B97F4A7C15F39CC060 % 2**128)) for n in range(60_000))
    app_env.put(_file(*flood, json.dumps(stop).encode()))
    said, megabytes = _run(s3_event(KEY))
    assert "10000 of its 60001 records match and are not delivered: an invocation delivers 50,000" in said["failed"]
    assert len([text for text in app_env.texts() if "StopLogging" in text]) == 1
    assert megabytes < _LIMIT
