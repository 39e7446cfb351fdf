"""Splitting log files into windows of whole records."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import LogObjectError
from cloudtrail_to_slack.prefilter import Prefilter
from cloudtrail_to_slack.record_windows import MAX_RECORD_BYTES, MAX_UNUSUAL_BYTES, Window, windows
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.default_rules import default_rules

_SCAN = Prefilter(RuleSet(default_rules("f"), []))
_NESTED = {"eventVersion": "1.08", "items": [{"eventVersion": "1"}, {"eventVersion": '},{"eventVersion":'}, {"a": "}"}]}


def _pieces(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _split(text: bytes, *, size: int = 64, window: int = 200) -> list[Any]:
    found = windows(_pieces(text, size), _SCAN, window_bytes=window)
    return [json.loads(bytes(raw)) for each in found for raw in each.records()]


def _until_the_fault(text: bytes, *, size: int = 64, window: int = 200) -> tuple[list[Any], str]:
    return _records_and_fault(windows(_pieces(text, size), _SCAN, window_bytes=window))


def _records_and_fault(found: Iterator[Window]) -> tuple[list[Any], str]:
    records: list[Any] = []
    try:
        for window in found:
            records += [json.loads(bytes(raw)) for raw in window.records()]
    except LogObjectError as error:
        return records, str(error)
    return records, "no fault"


_VALUES = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=8), st.just('},{"eventVersion":"'), st.just("\\")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("eventVersion", "a", "}")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(
    log=st.lists(
        st.one_of(_VALUES, st.just(_NESTED), st.just({"eventVersion": "1.08", "eventName": "x"})), max_size=12
    ),
    size=st.integers(1, 400),
    window=st.integers(1, 600),
    style=st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}, {"ensure_ascii": False}]),
)
def test_however_a_file_is_cut_it_has_the_same_records(
    log: list[Any], size: int, window: int, style: dict[str, Any]
) -> None:
    """For any records, piece sizes, window sizes and ways of writing JSON, the records come whole and in order."""
    text = json.dumps({"Records": log}, **style).encode()
    assert _split(text, size=size, window=window) == log


def test_a_window_ends_between_records_though_nested_objects_look_like_them() -> None:
    """Where nested objects begin like records do, the brackets are counted."""
    log = [_NESTED] * 40
    assert _split(json.dumps({"Records": log}, separators=(",", ":")).encode(), window=100) == log


def test_a_text_with_a_comma_among_the_records_is_one_record() -> None:
    """Where records are counted by their brackets, a text in place of a record stays whole."""
    log = [*[_NESTED] * 4, None, 'a,"b', _NESTED]
    assert _split(json.dumps({"Records": log}, indent=1).encode(), size=1, window=1) == log


def test_other_keys_around_the_records_do_not_matter() -> None:
    """Keys after the records are passed over, and before them too."""
    assert _split(b'{"Records":[{"a":1},{"a":2}],"more":[{"b":1},{"eventVersion":"1"}]}' + b" " * 3000) == [
        {"a": 1},
        {"a": 2},
    ]
    assert _split(b'{"first":[{"x":1}],"Records":[{"a":1}]}') == [{"a": 1}]


@pytest.mark.parametrize("text", [b'{"first":' + b" " * (MAX_UNUSUAL_BYTES + 10), bytes(MAX_UNUSUAL_BYTES + 10)])
def test_a_large_file_must_begin_with_its_records(text: bytes) -> None:
    """A file that cannot be split is refused by a stated limit."""
    assert _until_the_fault(text, size=1024**2)[1].startswith("it does not begin with its Records")


@pytest.mark.parametrize("endless", [b'{"eventVersion":"' + b"x" * 100, b'{"a":' * 20, b'{"b":' + b"[" * 95], ids=str)
def test_an_endless_record_is_refused(endless: bytes) -> None:
    """A string without an end, or nesting without one, is refused by a stated limit, after the records before it."""
    text = b'{"Records":[{"a":1},' + endless[:20] + endless[20:] * (MAX_RECORD_BYTES // len(endless[20:]) + 2)
    before, fault = _until_the_fault(text, size=1024**2)
    assert fault == "it has a record of more than 2,097,152 bytes"
    assert before == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "before", "fault"),
    [
        (b'{"Records":[{"a":1},{"a":2},{"a":', [{"a": 1}, {"a": 2}], "it is not JSON"),
        (b'{"Records":[{"a":1}', [{"a": 1}], "it is not JSON"),
        (b'{"Records":[', [], "it is not JSON"),
        (b'{"Records":[]', [], "it is not JSON"),
        (b"", [], "it is not JSON"),
        (b"{}", [], "it has no list of Records"),
    ],
)
def test_what_is_whole_before_a_fault_is_read(text: bytes, before: list[Any], fault: str) -> None:
    """A file that ends in the middle gives its whole records, and then says what is wrong."""
    assert _until_the_fault(text) == (before, fault)


@pytest.mark.parametrize("broken", [b"nonsense", b'{"a" 1}', b'{"a":' * 3000 + b"1" + b"}" * 3000, b"[[1 2]]"])
@pytest.mark.parametrize("window", [50, 100_000])
def test_a_broken_record_is_handed_over_alone(broken: bytes, window: int) -> None:
    """A record that is no JSON, or nested beyond decoding, hides none of its file's other records."""
    good = b'{"eventVersion":"1","a":1}'
    text = b'{"Records":[' + b",".join([good, good, broken, good, good]) + b"]}"
    found = [bytes(raw) for each in windows(_pieces(text, 64), _SCAN, window_bytes=window) for raw in each.records()]
    assert found == [good, good, broken, good, good]


def test_a_text_full_of_quotes_is_split_in_no_time() -> None:
    """Counting brackets takes time in proportion to the text, whatever stands in its strings."""
    text = b'{"Records":[{"a":"' + b'\\"' * 300_000 + b"\\"
    assert _until_the_fault(text, size=100_000)[0] == []


def test_what_came_before_the_pieces_broke_is_read() -> None:
    """When the connection or the gzip stream breaks, the records that had arrived are given first."""

    def breaking() -> Iterator[bytes]:
        yield b'{"Records":[{"a":1},{"a":2},{"a":3'
        raise LogObjectError("it is truncated")

    assert _records_and_fault(windows(breaking(), _SCAN)) == ([{"a": 1}, {"a": 2}], "it is truncated")


@pytest.mark.parametrize("odd", [b'"\\ud800"', b'{"type":5}', b'{"type":{}}', b'"\xff"', b"5", b"[]"])
def test_a_record_that_does_not_fit_is_looked_at_in_full_with_its_window(odd: bytes) -> None:
    """A record the index cannot read is handed over undecoded, and so are those beside it."""
    text = b'{"Records":[{"userIdentity":' + odd + b'},{"eventName":"StopLogging"}]}'
    (window,) = windows([text], _SCAN)
    assert window.scanned is None
    assert len(window.records()) == 2
