"""Splitting log files into chunks of whole records."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.ingest.read_limits import (
    FREE_RECORDS,
    MAX_OTHER_BYTES,
    MAX_RECORD_BYTES,
    MAX_RECORD_VALUES,
    STORED_BYTES_PER_RECORD,
    Intake,
)
from cloudtrail_to_slack.ingest.record_chunks import Chunk, chunks
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.packs import default_rules
from support.timers import reference_seconds

_SCAN = Prefilter(RuleSet(default_rules("f"), []))
_NESTED = {"eventVersion": "1.08", "items": [{"eventVersion": "1"}, {"eventVersion": '},{"eventVersion":'}, {"a": "}"}]}


def _pieces(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _split(text: bytes, *, size: int = 64, chunk: int = 200) -> list[Any]:
    found = chunks(_pieces(text, size), _SCAN, chunk_bytes=chunk)
    return [json.loads(bytes(raw)) for each in found for raw in each.records()]


def _until_the_fault(text: bytes, *, size: int = 64, chunk: int = 200) -> tuple[list[Any], str]:
    return _records_and_fault(chunks(_pieces(text, size), _SCAN, chunk_bytes=chunk))


def _records_and_fault(found: Iterator[Chunk]) -> tuple[list[Any], str]:
    records: list[Any] = []
    try:
        for chunk in found:
            records += [json.loads(bytes(raw)) for raw in chunk.records()]
    except LogFileError as error:
        return records, str(error)
    return records, "no fault"


_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.integers(),
        st.text('ab"\\{}[],: \né\u20ac', max_size=8),
        st.just('},{"eventVersion":"'),
        st.just("\\"),
    ),
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
    chunk=st.integers(1, 600),
    style=st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}, {"ensure_ascii": False}]),
)
def test_however_a_file_is_cut_it_has_the_same_records(
    log: list[Any], size: int, chunk: int, style: dict[str, Any]
) -> None:
    """For any records, piece sizes, chunk sizes and ways of writing JSON, the records come whole and in order."""
    text = json.dumps({"Records": log}, **style).encode()
    assert _split(text, size=size, chunk=chunk) == log


def test_a_chunk_ends_between_records_though_nested_objects_look_like_them() -> None:
    """Where nested objects begin like records do, the brackets are counted."""
    log = [_NESTED] * 40
    assert _split(json.dumps({"Records": log}, separators=(",", ":")).encode(), chunk=100) == log


def test_a_text_with_a_comma_among_the_records_is_one_record() -> None:
    """Where records are counted by their brackets, a string in place of a record stays whole."""
    log = [*[_NESTED] * 4, None, 'a,"b', _NESTED]
    assert _split(json.dumps({"Records": log}, indent=1).encode(), size=1, chunk=1) == log


def test_other_keys_around_the_records_do_not_matter() -> None:
    """Keys before and after the records are passed over, whatever they hold."""
    assert _split(b'{"Records":[{"a":1},{"a":2}],"more":[{"b":1},{"eventVersion":"1"}]}' + b" " * 3000) == [
        {"a": 1},
        {"a": 2},
    ]
    assert _split(b'{"first":[{"x":1}],"Records":[{"a":1}]}') == [{"a": 1}]
    assert _split(b'{"a":{"Records":[{"x":1}]},"Records":[{"a":1}],"b":{"Records":[]},"c":"\\"Records\\":[]"}') == [
        {"a": 1}
    ]


_GOOD = b'{"eventVersion":"1","a":1}'
# What else may stand in a file, and how many times the record is in it.
_WHOLE: Mapping[str, tuple[bytes, int]] = {
    "two lines": (b'{"Records":[%s]}\n{"Records":[%s]}\n', 2),
    "two documents, one after the other": (b'{"Records":[%s,%s]}{"Records":[%s]}', 3),
    "two documents, spaced": (b' { "Records" : [ %s ] } \r\n\t { "Records" : [ %s ] } ', 2),
    "two lists": (b'{"Records":[%s],"Records":[%s]}', 2),
    "three lists, some empty": (b'{"Records":[],"Records":[%s],"x":0,"Records":[ ]}', 1),
    "a list under an escaped name": (b'{"\\u0052ecords":[%s]}', 1),
    "empty lists": (b'{"Records":[]}\n{"Records" : [ \n ] }', 0),
    "a byte order mark": (b'\xef\xbb\xbf{"Records":[%s]}\n\xef\xbb\xbf{"Records":[%s]}', 2),
    "values of every kind": (b'{"a":null,"b":-1.5e3,"c":"]}","d":[],"Records":[%s],"e":{},"f":true,"g":NaN}', 1),
    "white space": (b"%s".replace(b"%s", b" " * 700) + b'{"Records":[%s' + b"\n" * 700 + b"]}" + b"\t" * 700, 1),
}
_NOT_WHOLE: dict[str, tuple[bytes, int, str]] = {
    "a brace too many after a record": (b'{"Records":[%s},%s]}', 1, "it is not JSON at byte"),
    "a brace too many in the second document": (b'{"Records":[%s]}{"Records":[%s}]}', 2, "it is not JSON at byte"),
    "a bracket too many": (b'{"Records":[%s]]}', 1, "it is not JSON at byte"),
    "a brace too many at the end": (b'{"Records":[%s]}}', 1, "it is not JSON at byte"),
    "text after the end": (b'{"Records":[%s]} and so on', 1, "it is not JSON at byte"),
    "a quote after the end": (b'{"Records":[%s]}"', 1, "it is not JSON at byte"),
    "zeros after the end": (b'{"Records":[%s]}\0\0\0', 1, "it is not JSON at byte"),
    "zeros before": (b'\0{"Records":[%s]}', 0, "it is not JSON at byte"),
    "zeros between records": (b'{"Records":[%s,\0%s]}', 1, "it is not JSON at byte"),
    "a byte order mark elsewhere": (b'{\xef\xbb\xbf"Records":[%s]}', 0, "it is not JSON at byte"),
    "records without a comma": (b'{"Records":[%s %s]}', 1, "it is not JSON at byte"),
    "a colon between records": (b'{"Records":[%s:%s]}', 1, "it is not JSON at byte"),
    "two commas": (b'{"Records":[%s,,%s]}', 1, "it is not JSON at byte"),
    "a comma first": (b'{"Records":[,%s]}', 0, "it is not JSON at byte"),
    "a comma last": (b'{"Records":[%s,%s,]}', 2, "it is not JSON at byte"),
    "a comma after the list": (b'{"Records":[%s],}', 1, "it is not JSON at byte"),
    "no comma after the list": (b'{"Records":[%s]"x":1}', 1, "it is not JSON at byte"),
    "a comma between documents": (b'{"Records":[%s]},{"Records":[%s]}', 1, "it is not JSON at byte"),
    "a key that is none": (b'{"Records":[%s],x:1}', 1, "it is not JSON at byte"),
    "a key with a broken escape": (b'{"Records":[%s],"\\x":1}', 1, "it is not JSON at byte"),
    "a key without a value": (b'{"Records":[%s],"x"}', 1, "it is not JSON at byte"),
    "a value that is none": (b'{"Records":[%s],"x":nope}', 1, "it is not JSON at byte"),
    "a broken value": (b'{"Records":[%s],"x":{"a" 1}}', 1, "it is not JSON at byte"),
    "no end of the list": (b'{"Records":[%s', 1, "it is not JSON at byte"),
    "no end of the list, after a comma": (b'{"Records":[%s,', 1, "it is not JSON at byte"),
    "no end of a record": (b'{"Records":[%s,{"a":', 1, "it is not JSON at byte"),
    "no end of a string": (b'{"Records":[%s,{"a":"x\\"', 1, "it is not JSON at byte"),
    "no end of the document": (b'{"Records":[%s]', 1, "it is not JSON at byte"),
    "no end of another value": (b'{"Records":[%s],"x":[1', 1, "it is not JSON at byte"),
    "no end of the second document": (b'{"Records":[%s]}{"Records":[%s]', 2, "it is not JSON at byte"),
    "nothing but the beginning": (b'{"Records":[', 0, "it is not JSON at byte"),
    "a document without records": (b'{"Records":[%s]}{"a":1}', 1, "it has no list of Records"),
    "a list of its own": (b'{"Records":[%s]}[%s]', 1, "it has no list of Records"),
    "lines that are records": (b"%s\n%s\n", 0, "it has no list of Records"),
    "no list among two": (b'{"Records":[%s],"Records":null}', 1, "it has no list of Records"),
    "null": (b'{"Records":null}', 0, "it has no list of Records"),
    "an object": (b'{"Records":{"0":%s}}', 0, "it has no list of Records"),
    "a text": (b'{"Records":"[]"}', 0, "it has no list of Records"),
    "a word": (b'{"Records":nope}', 0, "it is not JSON at byte"),
    "another case": (b'{"records":[%s]}', 0, "it has no list of Records"),
    "deeper": (b'{"x":{"Records":[%s]}}', 0, "it has no list of Records"),
    "another document": (b"5", 0, "it has no list of Records"),
    "no JSON": (b"<html>", 0, "it is not JSON at byte 0"),
    "a record alone, cut": (b"%s"[:0] + b'{"a":1', 0, "it is not JSON at byte"),
    "nothing": (b"", 0, "it is not JSON: it is empty"),
    "white space only": (b" \n ", 0, "it is not JSON: it is empty"),
}  # fmt: skip
if sys.version_info < (3, 14):  # since then the depth that can be read depends on the stack
    _NOT_WHOLE["a value too deep"] = (
        b'{"Records":[%s],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 1, "it is not JSON at byte",
    )  # fmt: skip
_CUTS = [(1, 1), (7, 40), (64, 200), (1_000_000, 128 * 1024)]


@pytest.mark.parametrize(("size", "chunk"), _CUTS)
@pytest.mark.parametrize(("text", "records"), _WHOLE.values(), ids=_WHOLE)
def test_every_record_of_a_file_is_read(text: bytes, records: int, size: int, chunk: int) -> None:
    """Each document, each list of Records and every record in them is read, whatever stands around them."""
    found = _until_the_fault(text.replace(b"%s", _GOOD), size=size, chunk=chunk)
    assert found == ([json.loads(_GOOD)] * records, "no fault")


@pytest.mark.parametrize(("size", "chunk"), _CUTS)
@pytest.mark.parametrize(("text", "before", "fault"), _NOT_WHOLE.values(), ids=_NOT_WHOLE)
def test_nothing_is_passed_over(text: bytes, before: int, fault: str, size: int, chunk: int) -> None:
    """What is not JSON, or not a log file, makes the file unreadable, after the records before it."""
    records, said = _until_the_fault(text.replace(b"%s", _GOOD), size=size, chunk=chunk)
    assert records == [json.loads(_GOOD)] * before
    assert said.startswith(fault)


class _Object(list[tuple[str, Any]]):
    """An object as its keys and values, in order."""


def _plain(value: Any) -> Any:
    """Return a value with its objects as dictionaries."""
    if isinstance(value, _Object):
        return {key: _plain(child) for key, child in value}
    return [_plain(child) for child in value] if isinstance(value, list) else value


def _by_the_standard_library(text: bytes) -> list[Any] | None:
    """Return the records as the standard library reads them; None where it refuses, or there is no list of Records."""
    records: list[Any] = []
    characters, at, documents = text.decode(), 0, 0
    try:
        while rest := characters[at:].lstrip(" \t\r\n").removeprefix("\ufeff").lstrip(" \t\r\n"):
            document, end = json.JSONDecoder(object_pairs_hook=_Object).raw_decode(rest)
            at = len(characters) - len(rest) + end
            lists = [value for key, value in document if key == "Records"] if isinstance(document, _Object) else []
            if not lists or not all(type(value) is list for value in lists):
                return None
            records += [_plain(record) for value in lists for record in value]
            documents += 1
    except ValueError:
        return None
    return records if documents else None


_STRAY = st.sampled_from(
    (b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\n", b"1", b"x", b'"Records":[', b"]}", b"")
)


@settings(deadline=None, max_examples=300)
@given(
    logs=st.lists(st.lists(_VALUES.filter(lambda value: not isinstance(value, float)), max_size=4), max_size=3),
    other=st.sampled_from((b"", b'"x":[1],', b'"x":{"Records":[{}]},')),
    between=st.sampled_from((b"", b"\n", b" ")),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), _STRAY), max_size=2),
    size=st.integers(1, 90),
    chunk=st.integers(1, 200),
)
def test_a_file_is_read_as_the_standard_library_reads_it_or_refused(
    logs: list[list[Any]],
    other: bytes,
    between: bytes,
    changes: list[tuple[int, int, bytes]],
    size: int,
    chunk: int,
) -> None:
    """Whole or damaged at any place, a file gives the records that the standard library finds, or a fault."""
    text = between.join(b"{" + other + json.dumps({"Records": log})[1:].encode() for log in logs)
    for place, removed, added in changes:
        text = text[:place] + added + text[place + removed :]
    expected = _by_the_standard_library(text)
    found: list[bytes] = []
    fault = ""
    try:
        for each in chunks(_pieces(text, size), _SCAN, chunk_bytes=chunk):
            found += [bytes(raw) for raw in each.records()]
    except LogFileError as error:
        fault = str(error)
    if expected is not None:
        assert ([json.loads(raw) for raw in found], fault) == (expected, "")
    else:
        assert fault or any(not _is_json(raw) for raw in found)


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("endless", [b'{"eventVersion":"' + b"x" * 100, b'"' + b"x" * 100, b"1" * 100], ids=str)
def test_an_endless_record_is_refused(endless: bytes) -> None:
    """A string or number without an end is refused by a stated limit, after the records before it."""
    text = b'{"Records":[{"a":1},' + endless[:20] + endless[20:] * (MAX_RECORD_BYTES // len(endless[20:]) + 2)
    before, fault = _until_the_fault(text, size=1024**2)
    assert fault == "it has a record of more than 2,097,152 bytes or 100,000 values"
    assert before == [{"a": 1}]


@pytest.mark.parametrize(
    "text", [b'{"a":' * 400_000, b'{"a":[' + b"[]," * 400_000, b"[" * 2_000_000], ids=["a", "b", "c"]
)
def test_a_record_of_too_many_values_is_refused(text: bytes) -> None:
    """Nesting without an end, or more brackets than a record may have, is refused by a stated limit."""
    before, fault = _until_the_fault(b'{"Records":[{"a":1},' + text, size=1024**2)
    assert fault == f"it has a record of more than {MAX_RECORD_BYTES:,} bytes or {MAX_RECORD_VALUES:,} values"
    assert before == [{"a": 1}]


@pytest.mark.parametrize(
    "text",
    [
        b'{"' + b"x" * (MAX_OTHER_BYTES + 10) + b'":1,"Records":[{}]}',
        b'{"x":"' + b"x" * (MAX_OTHER_BYTES + 10) + b'","Records":[{}]}',
        b'{"x":[' + b"1," * MAX_OTHER_BYTES + b'1],"Records":[{}]}',
    ],
    ids=["a key", "a text", "a list"],
)
def test_what_else_a_file_holds_has_a_limit(text: bytes) -> None:
    """A key or value besides the records is passed over up to a stated size."""
    assert _until_the_fault(text, size=1024**2) == (
        [],
        "it has a key or value besides its Records of more than 1,048,576 bytes",
    )


def test_all_else_that_a_file_holds_has_a_limit() -> None:
    """So is all of it together; a value just below the limit does not matter."""
    value = b'"x":"' + b"x" * (MAX_OTHER_BYTES - 100) + b'",'
    text = b"{" + value + b'"Records":[{"a":1}],' + value + b'"y":1}'
    found = _records_and_fault(chunks(_pieces(text, 1024**2), _SCAN, intake=Intake()))
    assert found == (
        [{"a": 1}],
        "it contains more besides its Records than 1,048,576 bytes and its size, as no log file does",
    )
    assert _records_and_fault(chunks(_pieces(text, 1024**2), _SCAN))[1] == "no fault"


@pytest.mark.parametrize(
    ("first", "record"), [(b"", b"{}"), (b'"v":1,', b"{}"), (b"", b"1"), (b"", b"[]"), (b"", b'{"eventVersion":"1"}')]
)
def test_records_are_limited_by_the_size_of_their_file(first: bytes, record: bytes) -> None:
    """More records than a file of its size can have are refused by the stated limit; up to it they are read."""
    intake = Intake(stored=4 * STORED_BYTES_PER_RECORD)
    allowed = FREE_RECORDS + 4

    def text(count: int) -> bytes:
        return b"{" + first + b'"Records":[' + b",".join([record] * count) + b"]}"

    whole = chunks(_pieces(text(allowed - 9), 128 * 1024), _SCAN, intake=intake)
    assert sum(chunk.count() for chunk in whole) == allowed - 9
    intake.records = 0
    found, fault = _records_and_fault(chunks(_pieces(text(2 * allowed), 128 * 1024), _SCAN, intake=intake))
    assert fault == "it has more records than 50,000 and one for every 4 bytes of its size, as no log file does"
    assert 0 <= len(found) <= allowed


@pytest.mark.parametrize("part", [b'{"Records":[]}', b'{"Records" : [ ] } ', b'{"a":1,"Records":[]}'])
def test_documents_are_limited_as_records_are(part: bytes) -> None:
    """So are documents without records."""
    found = _records_and_fault(chunks(_pieces(part * 2 * FREE_RECORDS, 128 * 1024), _SCAN, intake=Intake()))
    assert found == ([], "it has more records than 50,000 and one for every 4 bytes of its size, as no log file does")


_SLOW: Mapping[str, bytes] = {
    "white space": b" " * 20_000_000,
    "white space before a record": b'{"Records":[' + b" " * 20_000_000 + b"{}]}",
    "a string full of quotes": b'{"Records":[{"a":"' + b'\\"' * 1_000_000,
    "strings": b'{"Records":[{"a":[' + b'"",' * 600_000,
    "strings, closed": b'{"Records":[{"eventVersion":5,"a":[' + b'"",' * 600_000 + b'""]}]}',
    "lists": b'{"Records":[' + (b'{"a":[' + b"[]," * 90_000 + b"[]]} ,") * 3 + b"{}]}",
    "halves of pairs": b'{"Records":[{"a":"' + b"\\ud800" * 340_000 + b'"}]}',
    "keys": b"{" + b'"a":1,' * 10_000 + b'"Records":[]}',
    "documents": b'{"Records" : [{}]}\n' * 5_000,
    "objects": b'{"Records":[' + b"{}," * 49_000 + b"{}]}",
    "objects, one of which does not fit": b'{"Records":[{"userIdentity":5},' + b"{}," * 49_000 + b"{}]}",
    "scalars": b'{"Records":[' + b"1," * 49_000 + b"1]}",
    "a number": b'{"Records":[' + b"1" * 2_000_000,
}


@pytest.mark.parametrize("text", _SLOW.values(), ids=_SLOW)
def test_reading_can_be_stopped_soon(text: bytes) -> None:
    """No step takes long, whatever there is to skip, count or search: between steps the caller can look at the time."""
    longest, start = 0.0, time.process_time()
    try:
        for _ in chunks(_pieces(text, 128 * 1024), _SCAN):
            now = time.process_time()
            longest, start = max(longest, now - start), now
    except LogFileError:
        pass
    assert longest < 10 * reference_seconds()


@pytest.mark.parametrize("broken", [b"nonsense", b'{"a" 1}', b'{"a":' * 3000 + b"1" + b"}" * 3000, b"[[1 2]]"])
@pytest.mark.parametrize("chunk", [50, 100_000])
def test_a_broken_record_is_handed_over_alone(broken: bytes, chunk: int) -> None:
    """A record that is not JSON, or nested beyond decoding, hides none of its file's other records."""
    good = b'{"eventVersion":"1","a":1}'
    text = b'{"Records":[' + b",".join([good, good, broken, good, good]) + b"]}"
    found = [bytes(raw) for each in chunks(_pieces(text, 64), _SCAN, chunk_bytes=chunk) for raw in each.records()]
    assert found == [good, good, broken, good, good]


def test_what_came_before_the_pieces_broke_is_read() -> None:
    """When the connection or the gzip stream breaks, the records that had arrived are given first."""

    def breaking() -> Iterator[bytes]:
        yield b'{"Records":[{"a":1},{"a":2},{"a":3'
        raise LogFileError("it is truncated")

    assert _records_and_fault(chunks(breaking(), _SCAN)) == ([{"a": 1}, {"a": 2}], "it is truncated")


@pytest.mark.parametrize("odd", [b'"\\ud800"', b'{"type":5}', b'{"type":{}}', b'"\xff"', b"5", b"[]"])
def test_a_record_that_does_not_fit_is_looked_at_in_full_with_its_chunk(odd: bytes) -> None:
    """A record the index cannot read is handed over undecoded, and so are those beside it."""
    text = b'{"Records":[{"userIdentity":' + odd + b'},{"eventName":"StopLogging"}]}'
    (chunk,) = chunks([text], _SCAN)
    assert chunk.scanned is None
    assert len(chunk.records()) == 2
