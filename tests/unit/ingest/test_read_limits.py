"""How much of a log file is read at most."""

import gzip
import io

import pytest

from cloudtrail_to_slack.errors import LogFileError, RecordError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.ingest.json_text import has_more_values
from cloudtrail_to_slack.ingest.log_files import decode_record, read_stream
from cloudtrail_to_slack.ingest.read_limits import (
    FREE_JSON_BYTES,
    FREE_RECORDS,
    JSON_PER_STORED_BYTE,
    MAX_JSON_BYTES,
    MAX_OTHER_BYTES,
    MAX_RECORD_VALUES,
    MAX_RECORDS,
    STORED_BYTES_PER_RECORD,
    Intake,
)
from cloudtrail_to_slack.rules import RuleSet

_SCAN = Prefilter(RuleSet([], []))


def test_json_is_limited_by_what_is_stored_and_in_all() -> None:
    """Up to each limit nothing happens; a byte more is refused, and the error has the limit."""
    intake = Intake(stored=1000)
    intake.add_text(FREE_JSON_BYTES + 1000 * JSON_PER_STORED_BYTE)
    with pytest.raises(LogFileError, match="more JSON than 67,108,864 bytes and 250 times its size"):
        intake.add_text(1)
    intake = Intake(stored=MAX_JSON_BYTES)
    intake.add_text(MAX_JSON_BYTES)
    with pytest.raises(LogFileError, match="more than 2,147,483,648 bytes of JSON"):
        intake.add_text(1)


def test_records_are_limited_by_what_is_stored_and_in_all() -> None:
    """The same for records."""
    intake = Intake(stored=1000 * STORED_BYTES_PER_RECORD)
    intake.add_records(FREE_RECORDS + 1000)
    with pytest.raises(LogFileError, match="more records than 50,000 and one for every 4 bytes of its size"):
        intake.add_records(1)
    intake = Intake(stored=MAX_JSON_BYTES)
    intake.add_records(MAX_RECORDS)
    with pytest.raises(LogFileError, match="more than 4,000,000 records"):
        intake.add_records(1)


def test_all_else_is_limited_by_what_is_stored() -> None:
    """The same for what stands besides the records, of which each takes the time of a record."""
    intake = Intake(stored=1000)
    intake.add_other(MAX_OTHER_BYTES + 1000)
    assert intake.records == 1
    with pytest.raises(LogFileError, match="more besides its Records than 1,048,576 bytes and its size"):
        intake.add_other(1)


@pytest.mark.long
def test_a_bomb_of_white_space_is_refused() -> None:
    """JSON of which next to nothing is stored is refused before all of it is unpacked."""
    content = gzip.compress(b'{"Records":[' + b" " * 150_000_000 + b"{}]}")
    with pytest.raises(LogFileError, match="250 times its size"):
        list(read_stream(io.BytesIO(content), _SCAN))


def test_log_files_that_compress_well_are_read() -> None:
    """A file of 20,000 nearly equal events, which compress 100 times, is far from every limit."""
    events = (
        b'{"eventVersion":"1.11","eventName":"GetObject","eventID":"%016x","requestParameters":{"bucketName":"%s"}}'
        % (number * 0x9E3779B97F4A7C15 % 2**64, b"x" * 1500)
        for number in range(20_000)
    )
    content = gzip.compress(b'{"Records":[' + b",".join(events) + b"]}")
    assert sum(chunk.count() for chunk in read_stream(io.BytesIO(content), _SCAN)) == 20_000
    equal = gzip.compress(b'{"Records":[' + b",".join([b'{"eventVersion":"1"}'] * 49_000) + b"]}")
    assert sum(chunk.count() for chunk in read_stream(io.BytesIO(equal), _SCAN)) == 49_000


@pytest.mark.long
@pytest.mark.parametrize("value", [b"1", b'""', b"[]", b"{}", b"null", b'"a,[{"', b'{"a":1}', b"[1]", b'"\\",["'])
def test_the_values_of_a_record_are_limited(value: bytes) -> None:
    """Each value counts, in lists and objects, and what stands in a text does not."""
    inside = 1 + value.count(b"1") * (value[:1] in b"[{")
    some = MAX_RECORD_VALUES // inside - 2
    assert decode_record(b'{"a":[' + b",".join([value] * some) + b"]}")
    with pytest.raises(RecordError, match="a record of more than 100,000 values"):
        decode_record(b'{"a":[' + b",".join([value] * (some + 4)) + b"]}")
    record = b"{" + b",".join(b'"%d":%s' % (number, value) for number in range(some)) + b"}"
    assert len(decode_record(record)) == some


def test_a_text_of_commas_is_one_value() -> None:
    """Commas, brackets and quotes in strings are not values."""
    assert not has_more_values(b'["' + b",[{" * 10 + b'\\""]', 1)
    assert has_more_values(b'["' + b",[{" * 10 + b'\\"",1]', 1)
    assert decode_record(b'{"a":"' + b"," * 1_000_000 + b'"}')


_EVENTS = [
    b'{"eventVersion":"1","eventID":"%032x"}' % (number * 0x9E3779B97F4A7C15F39CC060 % 2**128)
    for number in range(12_000)
]
_WHOLE = b'{"Records":[' + b",".join(_EVENTS) + b"]}"


def _read_damaged(content: bytes) -> tuple[list[bytes], str]:
    """Return the records that were read before the fault, and the fault."""
    found: list[bytes] = []
    try:
        for chunk in read_stream(io.BytesIO(content), _SCAN):
            found += map(bytes, chunk.records())
    except LogFileError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize(("events", "least"), [(1, 1), (500, 500), (12_000, 9_000)])
def test_a_checksum_that_does_not_fit_hides_little(events: int, least: int) -> None:
    """The records of a file whose checksum is wrong are read, all but for some of the last chunk; then it fails."""
    content = gzip.compress(b'{"Records":[' + b",".join(_EVENTS[:events]) + b"]}", 1)
    found, fault = _read_damaged(content[:-8] + bytes(4) + content[-4:])
    assert fault == "it is not valid gzip"
    assert found == _EVENTS[: len(found)]
    assert least <= len(found) <= events


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("damage", [b"\xff" * 20, b"\x00" * 20, b""])
def test_damage_in_the_middle_of_gzip_hides_nothing_before_it(share: float, damage: bytes) -> None:
    """What stands before the damage is read, but for some of a chunk; then the file fails."""
    content = gzip.compress(_WHOLE, 1)
    place = int(len(content) * share)
    found, fault = _read_damaged(content[:place] + damage + content[place + 20 :])
    assert fault
    least = int(len(_EVENTS) * share) - 4000
    assert found[:least] == _EVENTS[:least]


def test_a_piece_that_was_given_is_not_given_again() -> None:
    """Of a member of which pieces were read before its fault, the rest is read, and nothing twice."""
    events = [b'{"eventVersion":"1","eventID":"%d","x":"%s"}' % (number, b"x" * 400) for number in range(2000)]
    content = gzip.compress(b'{"Records":[' + b",".join(events) + b"]}")
    assert len(content) < 64 * 1024
    assert _read_damaged(content[:-8] + bytes(8)) == (events, "it is not valid gzip")
