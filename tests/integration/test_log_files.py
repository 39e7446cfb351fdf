"""Reading log files: what is skipped, what fails, and that neither stops its neighbors."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError, LogFileError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.ingest.log_files import decode_record, open_log_file, read_stream
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import RuleSet
from support.app_environment import BUCKET, CHANNEL, KEY, AppEnvironment, log_bytes, record, s3_event

_SCAN = Prefilter(RuleSet([], []))
_SKIPPED = {
    "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/14/x.json.gz": "digest",
    "AWSLogs/o-abc123/111122223333/CloudTrail-Aggregated/eu-west-1/2026/03/14/x.json.gz": "aggregated",
    "o-abc123/AWSLogs/111122223333/Config/eu-west-1/2026/3/14/ConfigHistory/x.json.gz": "Config",
    "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/03/14/x.log.gz": "a service other than CloudTrail",
    "copied/111122223333_CloudTrail-Digest_eu-west-1.json.gz": "digest",
    "notes.txt": "neither",
}
_BROKEN: Mapping[str, tuple[bytes, str]] = {
    "truncated": (gzip.compress(b'{"Records": []}')[:-9], "truncated"),
    "garbage after the gzip header": (b"\x1f\x8b" + bytes(40), "not valid gzip"),
    "empty": (b"", "not JSON"),
    "not json": (gzip.compress(b"<html>"), "not JSON"),
    "no records": (gzip.compress(b'{"records": []}'), "no list of Records"),
    "records null": (gzip.compress(b'{"Records": null}'), "no list of Records"),
    "records an object": (gzip.compress(b'{"Records": {}}'), "no list of Records"),
    "a list": (gzip.compress(b"[]"), "no list of Records"),
    "nested beyond reason": (gzip.compress(b'{"Records": [' + b"[" * 100_000), "not JSON"),
}


@pytest.mark.parametrize(("key", "word"), _SKIPPED.items())
def test_objects_of_other_kinds_are_skipped_one_by_one(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], key: str, word: str
) -> None:
    """A digest, aggregated, Config or foreign object is skipped with its reason; the log file after it is read."""
    app_env.configure_bot(table=False)
    app_env.put(b"whatever", key)
    app_env.put_log(record())
    counts = app_env.invoke(s3_event(key, KEY))
    assert counts["objects_skipped"] == 1
    assert counts["objects_read"] == 1
    assert len(app_env.texts()) == 1
    skipped = [
        line for line in map(json.loads, capsys.readouterr().out.splitlines()) if line.get("message") == "skipped"
    ]
    assert [word in line["reason"] for line in skipped] == [True]


@pytest.mark.parametrize(("content", "word"), _BROKEN.values(), ids=_BROKEN.keys())
def test_a_broken_object_fails_alone(app_env: AppEnvironment, content: bytes, word: str) -> None:
    """A broken log file is reported once in Slack and fails the invocation; the objects beside it are processed."""
    app_env.configure_bot(table=False)
    broken = app_env.put(content, KEY.replace("0123", "bad0"))
    after = app_env.put_log(record(), key=KEY.replace("0123", "good"))
    with pytest.raises(InvocationFailedError, match=word):
        app_env.invoke(s3_event(broken, after))
    texts = app_env.texts()
    assert len([text for text in texts if "could not be read" in text and word in text]) == 1
    assert len([text for text in texts if "DeleteBucket" in text]) == 1
    assert len(texts) == 2


def test_a_missing_object_says_so(app_env: AppEnvironment) -> None:
    """An object that is not there fails with S3's own word for it."""
    app_env.configure_bot(table=False)
    with pytest.raises(InvocationFailedError, match="S3 answers NoSuchKey"):
        app_env.invoke(s3_event(KEY))


@pytest.mark.parametrize("name", ["copies/log.json", "copies/log.json.gz", KEY])
@pytest.mark.parametrize("compressed", [True, False])
def test_the_content_says_whether_it_is_gzip(app_env: AppEnvironment, name: str, *, compressed: bool) -> None:
    """Plain JSON and gzip are both read, under a name with .gz and without."""
    app_env.configure_bot(table=False)
    content = log_bytes(record())
    key = app_env.put(content if compressed else gzip.decompress(content), name)
    app_env.invoke(s3_event(key))
    assert len(app_env.texts()) == 1


def test_a_gzip_file_of_several_members_is_read_whole(app_env: AppEnvironment) -> None:
    """Concatenated gzip members are one file, as gunzip sees it."""
    app_env.configure_bot(table=False)
    text = gzip.decompress(log_bytes(record(), record()))
    app_env.put(gzip.compress(text[:100]) + gzip.compress(text[100:]))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


_STOPPED, _DELETED = record(eventName="StopLogging"), record(eventName="DeleteTrail")


def _joined(first: bytes, second: bytes) -> dict[str, bytes]:
    return {
        "two members": gzip.compress(first) + gzip.compress(second),
        "two members and zeros": gzip.compress(first) + bytes(1000) + gzip.compress(second) + bytes(1000),
        "two members far apart": gzip.compress(first) + bytes(300_000) + gzip.compress(second),
        "two lines": gzip.compress(first + b"\n" + second + b"\n"),
        "two plain lines": first + b"\n" + second,
        "empty members": gzip.compress(b"") * 3000 + gzip.compress(first + second) + gzip.compress(b"") * 3000,
        "members of a byte": b"".join(gzip.compress(bytes([byte])) for byte in first + second),
    }


_TWO = _joined(*(json.dumps({"Records": [event]}).encode() for event in (_STOPPED, _DELETED)))


@pytest.mark.parametrize("content", _TWO.values(), ids=_TWO)
def test_every_document_of_a_file_is_read(app_env: AppEnvironment, content: bytes) -> None:
    """Files that were concatenated, as gzip members or as lines, are read to the end."""
    app_env.configure_bot(table=False)
    app_env.put(content)
    assert app_env.invoke(s3_event(KEY))["objects_read"] == 1
    assert ["StopLogging" in text for text in app_env.texts()] == [True, False]
    assert ["DeleteTrail" in text for text in app_env.texts()] == [False, True]


_DAMAGED: Mapping[str, tuple[bytes, str]] = {
    "a brace too many": (b'{"Records":[%s},%s]}', "not JSON at byte"),
    "text after the end": (b'{"Records":[%s]}%s', "no list of Records"),
    "a second list that is none": (b'{"Records":[%s],"Records":{"0":%s}}', "no list of Records"),
}


@pytest.mark.parametrize(("text", "word"), _DAMAGED.values(), ids=_DAMAGED)
def test_what_stands_before_a_fault_alerts_and_the_file_fails(app_env: AppEnvironment, text: bytes, word: str) -> None:
    """Where a file is damaged, the records before the damage alert, and the file is reported and fails."""
    app_env.configure_bot(table=False)
    app_env.put(gzip.compress(text % (json.dumps(_STOPPED).encode(), json.dumps(_DELETED).encode())))
    with pytest.raises(InvocationFailedError, match=word):
        app_env.invoke(s3_event(KEY))
    assert len([text for text in app_env.texts() if "StopLogging" in text]) == 1
    assert len([text for text in app_env.texts() if word in text]) == 1


def test_a_damaged_member_fails_after_the_ones_before(app_env: AppEnvironment) -> None:
    """What follows a gzip member must be one; a checksum that does not fit is a fault too."""
    app_env.configure_bot(table=False)
    whole = log_bytes(_STOPPED)
    contents = (whole + b"more", whole + b"more and more of it", whole[:-8] + bytes(4) + whole[-4:], whole + whole[:-5])
    for content in contents:
        app_env.put(content)
        with pytest.raises(InvocationFailedError, match=r"not valid gzip|truncated"):
            app_env.invoke(s3_event(KEY))
    assert len([text for text in app_env.texts() if "StopLogging" in text]) == len(contents)


def test_a_file_beyond_a_limit_costs_its_neighbours_nothing(app_env: AppEnvironment) -> None:
    """A few kilobytes of gzip with millions of records are refused by a stated limit; files beside it are read."""
    app_env.configure_bot(table=False)
    bomb = app_env.put(gzip.compress(b'{"Records":[' + b"{}," * 11_000_000 + b"{}]}"), KEY.replace("0123", "b0b0"))
    app_env.put_log(_STOPPED)
    with pytest.raises(InvocationFailedError, match="more records than 50,000 and one for every 4 bytes of its size"):
        app_env.invoke(s3_event(bomb, KEY))
    assert len([text for text in app_env.texts() if "StopLogging" in text]) == 1


def test_records_that_cannot_be_read_are_counted(app_env: AppEnvironment) -> None:
    """Of many records that are none, the number and the first one's fault are said, in one line."""
    app_env.configure_bot(table=False)
    app_env.put(gzip.compress(b'{"Records":[' + b"1,[]," * 10_000 + b"null]}"))
    with pytest.raises(InvocationFailedError, match="20001 of its 20001 records cannot be read, the first being a rec"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_a_large_record_of_ordinary_shape_alerts(app_env: AppEnvironment) -> None:
    """A record four times as large as CloudTrail's largest is an alert like any other; one with more values is not."""
    app_env.configure_bot(table=False)
    items = [{"name": f"tag:team-{number}", "value": f"i-{number:017x}"} for number in range(20_000)]
    app_env.put_log(record(requestParameters={"filterSet": {"items": items}}))
    assert app_env.invoke(s3_event(KEY))["matched"] == 1
    app_env.put_log(record(requestParameters={"numbers": list(range(150_000))}), _STOPPED)
    with pytest.raises(InvocationFailedError, match=r"1 of its 2 records .* a record of more than 100,000 values"):
        app_env.invoke(s3_event(KEY))
    assert len([text for text in app_env.texts() if "StopLogging" in text]) == 1


def test_more_json_than_the_limit_is_refused(app_env: AppEnvironment) -> None:
    """A decompression bomb is refused by the stated limit, before it fills the memory."""
    app_env.put(gzip.compress(b" " * 50_000_000))
    with pytest.raises(LogFileError, match="more than 1,000,000 bytes"):
        list(read_stream(_opened(app_env), _SCAN, max_bytes=1_000_000))


@pytest.mark.parametrize("broken", [None, 5, "text", [], [1]])
def test_a_record_that_is_no_object_fails_alone(app_env: AppEnvironment, broken: object) -> None:
    """A record of another JSON type counts as failed, is reported, fails the invocation and hides nothing after it."""
    app_env.configure_bot(table=False)
    app_env.put_log(broken, record())
    with pytest.raises(InvocationFailedError, match="1 of its 2 records cannot be read"):
        app_env.invoke(s3_event(KEY))
    assert sorted("DeleteBucket" in text for text in app_env.texts()) == [False, True]


@pytest.mark.parametrize("text", [b'"\\ud800 half a pair"', b'"\\uDFFF the other half"', b'"\xff\xfe stray bytes"'])
def test_invalid_text_in_a_record_does_not_hide_it(app_env: AppEnvironment, text: bytes) -> None:
    """Text that is not valid Unicode is replaced, and neither its record nor the others are lost."""
    topic = app_env.make_topic("alerts")
    app_env.configure_bot(table=False, sns={"default_topic_arn": topic})
    records = [record(requestParameters={"a": "HERE", "b": "C:\\\\ud800 \U0001f600"}), record()]
    app_env.put(gzip.compress(json.dumps({"Records": records}).encode().replace(b'"HERE"', text)))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.messages(CHANNEL)) == 2
    first = app_env.bodies(topic)[0]["request_parameters"]
    assert "\ufffd" in first["a"]
    assert first["b"] == records[0]["requestParameters"]["b"]


def test_a_record_nested_too_deeply_fails_alone(app_env: AppEnvironment) -> None:
    """A record nested deeper than can be decoded or flattened fails, and the ones around it are alerted."""
    app_env.configure_bot(table=False)
    deep = json.dumps(record(requestParameters="HERE")).replace('"HERE"', '{"a":' * 50_000 + "1" + "}" * 50_000)
    before, after = json.dumps(record()), json.dumps(record())
    app_env.put(gzip.compress(f'{{"Records": [{before}, {deep}, {after}]}}'.encode()))
    with pytest.raises(InvocationFailedError, match="1 of its 3 records cannot be read"):
        app_env.invoke(s3_event(KEY))
    assert len([text for text in app_env.texts() if "DeleteBucket" in text]) == 2


@pytest.mark.parametrize("number", ["1e999", "9" * 5000, "-0.0"])
def test_a_number_of_any_size_does_not_hide_a_record(app_env: AppEnvironment, number: str) -> None:
    """A record with a number that is out of every range is alerted like any other."""
    app_env.configure_bot(table=False, sns={"default_topic_arn": app_env.make_topic("alerts")})
    content = json.dumps({"Records": [record(requestParameters={"n": "HERE"})]}).replace('"HERE"', number)
    app_env.put(gzip.compress(content.encode()))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_zeros_after_a_gzip_file_are_passed_over(app_env: AppEnvironment) -> None:
    """Padding with zeros is not a fault, as gunzip sees it."""
    app_env.configure_bot(table=False)
    app_env.put(log_bytes(record()) + bytes(700))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_records_come_in_the_order_of_the_file(app_env: AppEnvironment) -> None:
    """Reading gives each record as it stands, in order."""
    app_env.put_log(record(eventID="a"), record(eventID="b"))
    chunks = read_stream(_opened(app_env), _SCAN)
    assert [decode_record(raw)["eventID"] for chunk in chunks for raw in chunk.records()] == ["a", "b"]


def _opened(app_env: AppEnvironment) -> Any:
    """Return the body of the log file."""
    return open_log_file(lambda: app_env.aws("s3"), LogFile(BUCKET, KEY))[0]
