"""The command `backtest`: what the rules match in logs that are already there."""

import gzip
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bench.records import log_file
from hypothesis import HealthCheck, given, settings

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.rules import EventOutcome, RuleSet
from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli.backtest import processes
from support.command_line import Ran, cloudtrail_to_slack, write
from support.strategies import records

KEYS = [
    "event_id", "event_time", "event_name", "event_source", "account_id", "region", "actor", "rules", "ignored_by",
    "source",
]  # fmt: skip


def event(number: int, name: str = "DeleteTrail", **fields: object) -> dict[str, Any]:
    """Return an event of its own id."""
    record = make_event(name, source="cloudtrail", **fields)
    return {**record, "eventID": f"event-{number}", "eventTime": f"2026-10-{number:02}T09:24:17Z"}


EVENTS = [event(1), event(2, "ListTrails"), event(3, userIdentity__type="Root"), event(3, "StopLogging")]


def lines(ran: Ran) -> list[dict[str, Any]]:
    """Return the objects that --format jsonl printed."""
    return [json.loads(line) for line in ran.out.splitlines()]


def write_all_kinds(folder: Path) -> None:
    """Write the same events in every kind of file."""
    document, by_line = json.dumps({"Records": EVENTS}), "\n".join(map(json.dumps, EVENTS))
    write(folder, "log.json", document)
    (folder / "log.json.gz").write_bytes(gzip.compress(document.encode()))
    write(folder, "lines.jsonl", by_line + "\n\n")
    (folder / "lines.jsonl.gz").write_bytes(
        gzip.compress(by_line[:700].encode()) + gzip.compress(by_line[700:].encode())
    )
    write(folder, "more/list.json", json.dumps(EVENTS))
    write(folder, "more/wrapped.jsonl", "\n".join(json.dumps({"source": "x", "event": each}) for each in EVENTS))
    write(folder, "more/logs.jsonl", f"{document}\n{by_line}")
    envelope = {"detail-type": "AWS API Call via CloudTrail", "detail": EVENTS[0]}
    write(folder, "more/envelope.json", json.dumps(envelope, indent=2))
    write(folder, "more/record.json", json.dumps(EVENTS[0], indent=2))
    write(folder, "notes.txt", "no log file")
    write(folder, ".hidden/log.json", document)
    digest = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/111122223333_CloudTrail-Digest_x.json.gz"
    (folder / digest).parent.mkdir(parents=True)
    (folder / digest).write_bytes(gzip.compress(b"{}"))


def test_every_kind_of_file_is_read(tmp_path: Path) -> None:
    """Log files, lists, single records, envelopes and lines, gzipped or not, are read; other files are passed over."""
    write_all_kinds(tmp_path)
    ran = cloudtrail_to_slack("backtest", tmp_path, "--format", "jsonl")
    assert ran.code == 0
    assert ran.err == "34 records in 9 files: 26 matched, 0 ignored, 8 unmatched, 0 failed\n"
    by_file: dict[str, list[str]] = {}
    for each in lines(ran):
        by_file.setdefault(Path(each["source"]).name, []).append(each["event_name"])
    three = ["DeleteTrail", "DeleteTrail", "StopLogging"]
    assert by_file == {
        "lines.jsonl": three, "lines.jsonl.gz": three, "log.json": three, "log.json.gz": three,
        "envelope.json": three[:1], "list.json": three, "logs.jsonl": three * 2, "record.json": three[:1],
        "wrapped.jsonl": three,
    }  # fmt: skip


def test_a_line_has_every_key(tmp_path: Path) -> None:
    """One object for each matched event, with the keys in order; ignored events name the ignore rule."""
    path = write(tmp_path, "log.json", json.dumps({"Records": EVENTS}))
    ran = cloudtrail_to_slack(
        "backtest", path, "--no-default-rules", "--rule", 'event.get("eventName") == "DeleteTrail"',
        "--ignore-rule", 'event.get("userIdentity.type") == "Root"', "--format", "jsonl", "--quiet",
    )  # fmt: skip
    first, ignored = lines(ran)
    assert (ran.code, ran.err) == (0, "")
    assert list(first) == KEYS
    assert first == {
        "event_id": "event-1", "event_time": "2026-10-01T09:24:17Z", "event_name": "DeleteTrail",
        "event_source": "cloudtrail.amazonaws.com", "account_id": "111122223333", "region": "eu-west-1",
        "actor": "arn:aws:iam::111122223333:user/alice", "rules": ['event.get("eventName") == "DeleteTrail"'],
        "ignored_by": None, "source": str(path),
    }  # fmt: skip
    assert ignored["ignored_by"] == 'event.get("userIdentity.type") == "Root"'
    assert ignored["rules"] == ['event.get("eventName") == "DeleteTrail"']


def test_the_report_counts_per_rule(tmp_path: Path) -> None:
    """--format json has alerts, actors, accounts and alerts per day of each rule; text has them as a table."""
    path = write(tmp_path, "log.json", json.dumps({"Records": EVENTS}))
    report = json.loads(cloudtrail_to_slack("backtest", path, "--format", "json").out)
    assert [report[name] for name in ("files", "records", "matched", "ignored", "unmatched", "failed")] == [
        1,
        4,
        3,
        0,
        1,
        0,
    ]
    rules = {each["rule"]: each for each in report["rules"]}
    deleted = rules["default/cloudtrail-delete-trail"]
    assert (deleted["alerts"], deleted["actors"], deleted["accounts"]) == (2, 1, 1)
    assert deleted["alerts_per_day"] == {"2026-10-01": 1, "2026-10-03": 1}
    assert rules["default/root-activity"]["alerts_per_day"] == {"2026-10-03": 1}
    ran = cloudtrail_to_slack("backtest", path)
    assert ran.err == ""
    assert ran.out.splitlines()[1].split() == [
        "default/cloudtrail-delete-trail", "2", "2", "1", "1", "0.7", "█", "█", "2026-10-01", "09h:", "1",
    ]  # fmt: skip
    assert "3 alerts from 2026-10-01 to 2026-10-03, 1.0 a day; most on 2026-10-03: 2" in ran.out


def test_rules_come_from_every_option(tmp_path: Path) -> None:
    """Configuration, rule file, rules, ignore rules and tracked events apply together."""
    path = write(tmp_path, "log.json", json.dumps({"Records": EVENTS}))
    config = write(tmp_path, "config.json", json.dumps({"rules": "event.get('eventName') == 'ListTrails'"}))
    file = write(
        tmp_path, "rules.yaml", "rules:\n  - {id: file, expression: event.get('readOnly') is True, tests: []}\n"
    )
    ran = cloudtrail_to_slack(
        "backtest", path, "--config", config, "--rule-file", file, "--events-to-track", "ListTrails, Other",
        "--rule", "event.get('eventID') == 'event-2'", "--no-default-rules", "--format", "jsonl", "-q",
    )  # fmt: skip
    (found,) = lines(ran)
    assert found["rules"] == [
        "event.get('eventName') == 'ListTrails'", "event.get('eventID') == 'event-2'", "file", "events-to-track",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("--rule", "event.get("), 2, "is not a Python expression"),
        (("--rule", "open('x')"), 2, "uses the name open"),
        (("--no-default-rules",), 2, "nothing could ever match"),
        (("--pack", "no-such-pack"), 2, "no-such-pack"),
        (("--config", "missing.json"), 3, "missing.json: cannot be read"),
        (("--format", "xml"), 2, "xml"),
        (("missing",), 3, "missing: does not exist"),
    ],
)
def test_wrong_usage_is_explained(tmp_path: Path, arguments: tuple[str, ...], code: int, problem: str) -> None:
    """A rule that cannot be used, a missing file or an unknown option: exit code, and what is wrong."""
    ran = cloudtrail_to_slack("backtest", write(tmp_path, "log.json", '{"Records": []}'), *arguments)
    assert ran.code == code
    assert problem in ran.err
    assert cloudtrail_to_slack("backtest").code == 2
    (tmp_path / "empty").mkdir(exist_ok=True)
    assert cloudtrail_to_slack("backtest", tmp_path / "empty").code == 3


def test_damaged_files_are_reported_and_skipped(tmp_path: Path) -> None:
    """What comes before the damage counts, other files count, and each damaged file is named with what is wrong."""
    whole = gzip.compress(json.dumps({"Records": EVENTS * 2000}).encode())
    (tmp_path / "a-truncated.json.gz").write_bytes(whole[: len(whole) // 2])
    write(tmp_path, "b-no-records.json", '{"a": 1}')
    write(tmp_path, "c-no-json.json", "hello")
    write(tmp_path, "d-lines.jsonl", json.dumps(EVENTS[0]) + "\nhello\n" + json.dumps(EVENTS[3]) + "\n[1\n")
    (tmp_path / "e-truncated.jsonl.gz").write_bytes(gzip.compress(b"x" * 100)[:-12])
    (tmp_path / "f-no-gzip.jsonl").write_bytes(b"\x1f\x8bhello")
    write(tmp_path, "g-good.json", json.dumps({"Records": [*EVENTS, 5, None]}))
    write(tmp_path, "h-empty.jsonl", "")
    ran = cloudtrail_to_slack("backtest", tmp_path, "--format", "json")
    assert ran.code == 0
    report = json.loads(ran.out)
    problems = {Path(each["file"]).name: each["problem"] for each in report["damaged"]}
    assert set(problems) == {
        "a-truncated.json.gz", "b-no-records.json", "c-no-json.json", "e-truncated.jsonl.gz", "f-no-gzip.jsonl",
    }  # fmt: skip
    assert problems["a-truncated.json.gz"] == "it is truncated"
    assert problems["b-no-records.json"] == "it has no list of Records"
    assert report["failed"] == 4
    assert f"damaged: {tmp_path}/b-no-records.json: it has no list of Records" in ran.err
    assert f"a record was left out: {tmp_path}/d-lines.jsonl: a line that is not JSON" in ran.err
    assert report["records"] == sum(report[name] for name in ("matched", "ignored", "unmatched", "failed"))
    assert report["matched"] >= 5
    only = cloudtrail_to_slack("backtest", tmp_path / "c-no-json.json")
    assert only.code == 3


@pytest.mark.long
def test_processes_change_nothing(tmp_path: Path) -> None:
    """With one process and with three, every format prints the same bytes."""
    for number in range(12):
        (tmp_path / f"{number:02}.json.gz").write_bytes(log_file(4000, seed=number, matching=0.2))
    write(tmp_path, "damaged.json", "{")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size > 4 * 1024 * 1024  # else one process would do
    for output in ("text", "json", "jsonl", "csv"):
        one, three = (cloudtrail_to_slack("backtest", tmp_path, "--format", output, "--processes", n) for n in (1, 3))
        assert one == three
        assert one.code == 0


@pytest.mark.long
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_need_nothing_from_the_one_that_starts_them(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is no fork, as on macOS or where there are threads, evaluates the same."""
    for number in range(12):
        (tmp_path / f"{number:02}.json.gz").write_bytes(log_file(4000, seed=number, matching=0.2))
    monkeypatch.setattr(processes, "_start_method", lambda: method)
    one, two = (cloudtrail_to_slack("backtest", tmp_path, "--format", "json", "--processes", n) for n in (1, 2))
    assert one == two


@pytest.mark.long
def test_many_matches_go_through_a_file(tmp_path: Path) -> None:
    """More matched events than are kept in memory are printed anyway, in order."""
    count = 20_000
    text = "\n".join(json.dumps(event(1) | {"eventID": f"e{number}"}) for number in range(count))
    ran = cloudtrail_to_slack("backtest", write(tmp_path, "log.jsonl", text), "--format", "jsonl")
    assert [each["event_id"] for each in lines(ran)] == [f"e{number}" for number in range(count)]


def test_a_rule_that_raises_is_counted(tmp_path: Path) -> None:
    """Errors of rules are reported with the rule, the cause and the number of events."""
    path = write(tmp_path, "log.json", json.dumps({"Records": EVENTS}))
    arguments = ("backtest", path, "--no-default-rules", "--rule", 'event["nothing"] == 1')
    report = json.loads(cloudtrail_to_slack(*arguments, "--format", "json").out)
    assert report["errors"] == [{"rule": 'event["nothing"] == 1', "error": "KeyError: 'nothing'", "events": 4}]
    assert "raised KeyError: 'nothing' on 4 events" in cloudtrail_to_slack(*arguments).out


CONFIG: dict[str, Any] = {
    "rules": [
        {"id": "name", "expression": 'event.get("eventName") == "ConsoleLogin"'},
        {"id": "raises", "expression": 'event["eventName"].startswith("Delete") and event["errorCode"] == "x"'},
        {"id": "any", "expression": 'any(value == "0.0.0.0/0" for value in event.values())'},
    ],
    "ignore_rules": [{"id": "quiet", "expression": 'event.get("awsRegion") == "eu-west-1"'}],
}


def plainly(record: Mapping[str, Any]) -> tuple[list[str], str | None] | None:
    """Return what the rules say of a record by the plain way: flatten, then evaluate each rule."""
    from cloudtrail_to_slack.events.event import read_event  # noqa: PLC0415 (the plain way needs it alone)

    config, _ = read_config(CONFIG)
    evaluation = RuleSet(config.rules, config.ignore_rules).evaluate(read_event(record).flat, date(2026, 11, 1))
    rules = [rule.name for rule in evaluation.matched or evaluation.silenced]
    ignored_by = (
        evaluation.ignored_by.name if evaluation.outcome is EventOutcome.IGNORED and evaluation.ignored_by else None
    )
    return (rules, ignored_by) if rules else None


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(drawn=records())
def test_the_result_is_that_of_the_plain_way(tmp_path: Path, drawn: dict[str, Any]) -> None:
    """Whatever a record is, a log file and a line with it give what flattening and evaluating each rule gives."""
    config = write(tmp_path, "config.json", json.dumps(CONFIG))
    expected = plainly(drawn)
    for name, text in (("log.json", json.dumps({"Records": [drawn]})), ("log.jsonl", json.dumps(drawn))):
        path = write(tmp_path, name, text)
        ran = cloudtrail_to_slack("backtest", path, "--config", config, "--format", "jsonl", "-q")
        found = [(each["rules"], each["ignored_by"]) for each in lines(ran)]
        assert found == ([expected] if expected else [])
