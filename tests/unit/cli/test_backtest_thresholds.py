"""Rules with a threshold in a backtest: counted over the whole history, whatever the order of the files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.model import Threshold
from cloudtrail_to_slack_cli.backtest.thresholds import alerting, counted_match
from support.command_line import cloudtrail_to_slack, write

ARN = "arn:aws:iam::111122223333:user/eve"
RULE = Rule("True", id="many", threshold=Threshold(2, 5, ("userIdentity.arn",), "requestParameters.secretId"))


def read(
    number: int, secret: str, *, minute: int = 0, arn: str = "arn:aws:iam::111122223333:user/eve"
) -> dict[str, Any]:
    """Return an event that reads a secret."""
    return {
        "eventID": f"event-{number}", "eventTime": f"2026-10-01T09:{minute:02}:{number:02}Z",
        "eventName": "GetSecretValue",
        "eventSource": "secretsmanager.amazonaws.com", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "arn": arn}, "requestParameters": {"secretId": secret},
    }  # fmt: skip


def found(records: list[dict[str, Any]], *rules: Rule) -> list[tuple[str, tuple[str, ...]]]:
    """Return the ids of the events that alert, with the rules that do."""
    events = [read_event(record) for record in records]
    matches = [counted_match(rules or (RULE,), event, {"event_id": event.event_id}) for event in events]
    return [(str(match.line["event_id"]), names) for match, names in alerting(matches) if names]


def test_the_first_event_by_time_that_completes_a_count_alerts() -> None:
    """Whatever the order of the files, it is the second secret in time that alerts, once, and copies do not."""
    records = [read(1, "a"), read(2, "a"), read(3, "b"), read(4, "c")]
    for order in (records, records[::-1], [records[2], *records, records[2]]):
        assert found(order) == [("event-3", ("many",))]


def test_other_rules_alert_on_their_own() -> None:
    """A rule without a threshold alerts on each event, and the one with it on the event that completes the count."""
    records = [read(1, "a"), read(2, "b")]
    assert found(records, RULE, Rule("True", id="each")) == [("event-1", ("each",)), ("event-2", ("many", "each"))]


def test_an_event_without_the_counted_field_counts_for_nothing() -> None:
    """Two events without a secret are not two secrets."""
    records = [{**read(number, "a"), "requestParameters": None} for number in (1, 2)]
    assert found(records) == []


@given(
    st.lists(st.builds(read, st.integers(0, 59), st.sampled_from("abc"), minute=st.integers(0, 12)), max_size=20),
    st.randoms(use_true_random=False),
)
def test_the_order_of_files_changes_nothing(records: list[dict[str, Any]], chance: Any) -> None:
    """The alerts of a history are the same in any order of its events."""
    shuffled = list(records)
    chance.shuffle(shuffled)
    assert sorted(found(shuffled)) == sorted(found(records))


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_pack_is_counted_over_all_files(tmp_path: Path, processes: str) -> None:
    """Ten secrets in ten files are one alert of the recommended pack, and the other reads are unmatched."""
    for number in range(12):
        write(tmp_path, f"{number:02}.json", json.dumps({"Records": [read(number, f"secret-{number}")]}))
    arguments = ("backtest", tmp_path, "--no-default-rules", "--pack", "recommended", "--processes", processes)
    ran = cloudtrail_to_slack(*arguments, "--format", "jsonl")
    (line,) = map(json.loads, ran.out.splitlines())
    assert (line["event_id"], line["rules"]) == ("event-9", ["credential-access/secrets-read-by-user"])
    assert ran.err == "12 records in 12 files: 1 matched, 0 ignored, 11 unmatched, 0 failed\n"
    report = json.loads(cloudtrail_to_slack(*arguments, "--format", "json").out)
    assert [rule["alerts"] for rule in report["rules"] if rule["alerts"]] == [1]
