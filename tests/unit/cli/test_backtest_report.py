"""What `backtest` reports: the order of deliveries, the columns of each format, and the few that make most messages."""

import contextlib
import csv
import io
import json
import os
import pty
import random
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli.backtest.formats.sparkline import by_time, sparkline
from cloudtrail_to_slack_cli.backtest.prediction.arrival import delivery_time
from cloudtrail_to_slack_cli.backtest.prediction.rows import AlertRow, Place, write_row
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from support.command_line import cloudtrail_to_slack, write

NAME = "111122223333_CloudTrail_eu-west-1_{}_0123456789abcdef.json.gz"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"AWSLogs/1/{NAME.format('20260314T0930Z')}", datetime(2026, 3, 14, 9, 30, tzinfo=UTC)),
        (NAME.format("20260314T093059Z"), datetime(2026, 3, 14, 9, 30, 59, tzinfo=UTC)),
        (
            "111122223333_CloudTrail-Insight_us-gov-west-1_20260314T0930Z_x.json",
            datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
        ),
        (NAME.format("20261314T0930Z"), None),
        (NAME.format("20260314T2460Z"), None),
        (NAME.format("２０２６0314T0930Z"), None),
        (f"{NAME.format('20260314T0930Z')}.bak", None),
        (f"{NAME.format('20260314T0930Z')}/export.json", None),
        ("export.jsonl.gz", None),
    ],
)  # fmt: skip
def test_a_log_files_name_says_when_it_was_delivered(path: str, expected: datetime | None) -> None:
    """CloudTrail's names say it to the minute; what has no such name, or no such time in it, was not delivered so."""
    found = delivery_time(path)
    assert (None if found is None else datetime.fromtimestamp(found, UTC)) == expected


rows = st.builds(
    AlertRow,
    place=st.builds(
        Place,
        delivered=st.sampled_from([0.0, 60.0, 120.5]),
        file=st.sampled_from(["a", "b", "\udcff"]),
        source=st.sampled_from(["a", "\udcff"]),
        position=st.integers(0, 3),
    ),
    rules=st.just(("x",)),
    name=st.text(max_size=3) | st.just("\ud800\n"),
)


@given(drawn=st.lists(rows, max_size=12, unique_by=lambda row: row.place), seed=st.integers(0, 9))
def test_alerts_are_in_order_of_delivery_however_they_come(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[AlertRow], seed: int
) -> None:
    """Alerts of parts in any order, some of them twice, give the same sequence: a retried task changes nothing."""
    shuffled = [*drawn, *drawn[:3]]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 (no secret)
    found = []
    for given_rows in (drawn, shuffled):
        store = AlertStore(str(tmp_path_factory.mktemp("store")))
        text = b"".join(map(write_row, given_rows))
        store.add([text[:7], text[7:50], text[50:]])
        found.append(list(store.rows()))
        store.close()
    assert found[0] == found[1]
    assert {row.place for row in found[0]} == {row.place for row in drawn}
    assert [row.place.delivered for row in found[0]] == sorted(row.place.delivered for row in drawn)


def events() -> list[dict[str, Any]]:
    """Return events of three actors on three days, one of whom makes most."""
    found = []
    for number in range(30):
        who = "mallory" if number < 24 else f"user-{number}"
        record = make_event("DeleteTrail", source="cloudtrail", userIdentity__arn=f"arn:aws:iam::1:user/{who}")
        day, hour = 1 + number // 10, 9 + number % 2
        found.append({**record, "eventID": f"e{number}", "eventTime": f"2026-10-{day:02}T{hour:02}:{number:02}:00Z"})
    return found


def test_the_few_that_make_most_messages_are_named(tmp_path: Path) -> None:
    """The fewest rules and actors that make four fifths of the messages, and the busiest hour of each rule."""
    config = write(tmp_path, "config.json", json.dumps({"max_messages_per_channel": 100, "dynamodb_time_to_live": 1}))
    logs = write(tmp_path, "export.json", json.dumps({"Records": events()}))
    report = json.loads(cloudtrail_to_slack("backtest", logs, "--config", config, "--format", "json").out)
    rule = next(each for each in report["rules"] if each["alerts"])
    assert (rule["messages"], rule["busiest_hour"]) == (30, {"hour": "2026-10-01T09:00Z", "alerts": 5})
    assert report["noisiest"] == [
        {"rule": "default/cloudtrail-delete-trail", "actor": "arn:aws:iam::1:user/mallory", "messages": 24}
    ]
    text = cloudtrail_to_slack("backtest", logs, "--config", config).out
    assert "80% of the messages, by rule and actor:\n  24  default/cloudtrail-delete-trail  arn:aws:iam" in text
    assert "  ███      2026-10-01 09h: 5" in text


def test_csv_has_one_row_for_each_rule(tmp_path: Path) -> None:
    """Columns are named, and no cell is taken for a formula."""
    logs = write(tmp_path, "export.json", json.dumps({"Records": events()}))
    formula = "-1 if event.get('eventName') == 'x' else event.get('eventName') == 'DeleteTrail'"
    ran = cloudtrail_to_slack("backtest", logs, "--no-default-rules", "--rule", formula, "--format", "csv")
    assert (ran.code, ran.err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(ran.out))
    assert row == {
        "rule": f"'{formula}", "severity": "medium", "alerts": "30", "messages": row["messages"], "actors": "7",
        "accounts": "1", "first_day": "2026-10-01", "last_day": "2026-10-03", "busiest_hour": "2026-10-01T09:00Z",
        "alerts_in_busiest_hour": "5",
    }  # fmt: skip
    assert int(row["messages"]) > 0


def test_long_strings_of_events_are_cut(tmp_path: Path) -> None:
    """Who writes a megabyte into an event makes no report of megabytes."""
    record = {**events()[0], "eventSource": "s" * 90_000, "awsRegion": "r" * 90_000}
    record["userIdentity"] = {"type": "IAMUser", "arn": "a" * 90_000}
    logs = write(tmp_path, "export.json", json.dumps({"Records": [record] * 2}))
    for output in ("json", "html", "text"):
        ran = cloudtrail_to_slack("backtest", logs, "--rule", "True", "--format", output)
        assert (ran.code, "aaaa" in ran.out) == (0, True)
        assert len(ran.out) < 100_000


def test_channels_follow_the_options_and_the_configuration(tmp_path: Path) -> None:
    """A bot's channel, a topic or an added destination by the account's route; a webhook or no Slack if so chosen."""
    topic = "arn:aws:sns:eu-west-1:111122223333:alerts"
    config = write(tmp_path, "config.json", json.dumps({"sns": {"default_topic_arn": topic}}))
    logs = write(tmp_path, "export.json", json.dumps({"Records": events()[:1]}))

    def channels(*options: str) -> set[str]:
        ran = cloudtrail_to_slack("backtest", logs, "--config", config, "--format", "json", *options)
        return {f"{each['destination']} {each['channel']}" for each in json.loads(ran.out)["channels"]}

    assert channels() == channels("--slack", "none") == {f"sns {topic}"}
    assert channels("--slack", "bot") == {f"sns {topic}", "slack_app default"}
    assert channels("--slack", "webhook") == {f"sns {topic}", "slack_webhook default"}
    config.write_text(json.dumps({"destinations": {"pager": {"default": "team"}}}))
    assert channels() == {"pager team"}
    routes = {"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C2"}]}
    config.write_text(json.dumps({"slack": routes}))
    ran = cloudtrail_to_slack("backtest", logs, "--config", config, "--format", "json")
    assert (json.loads(ran.out)["unrouted"], json.loads(ran.out)["channels"]) == (1, [])


def test_calls_of_the_functions_own_role_are_collected(tmp_path: Path) -> None:
    """They are counted, and a notice is the only message; but a critical call alerts by itself, as when sent."""
    role = "arn:aws:iam::111122223333:role/alerts"
    config = write(tmp_path, "config.json", json.dumps({"own_role_arns": [role]}))
    own = {
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/alerts/x",
        "sessionContext": {"sessionIssuer": {"arn": role}},
    }  # fmt: skip
    denied = {**events()[0], "eventName": "ListTrails", "errorCode": "AccessDenied", "userIdentity": own}
    logs = write(tmp_path, "export.json", json.dumps({"Records": [denied]}))
    report = json.loads(cloudtrail_to_slack("backtest", logs, "--config", config, "--format", "json").out)
    assert (report["matched"], report["own_role"], report["messages"], report["alerts"]) == (1, 1, 1, [])
    assert [each["messages"] for each in report["notices"]] == [1]
    logs = write(tmp_path, "critical.json", json.dumps({"Records": [{**events()[0], "userIdentity": own}]}))
    report = json.loads(cloudtrail_to_slack("backtest", logs, "--config", config, "--format", "json").out)
    assert (report["own_role"], report["messages"], len(report["alerts"]), report["notices"]) == (0, 1, 1, [])


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_shows_every_column(tmp_path: Path, width: int) -> None:
    """However narrow the terminal is, no figure is cut off: columns that have no room come in a table below."""
    config = {"rules": [{"id": "a-rule-with-a-name-that-is-much-too-long-for-a-table", "expression": "True"}]}
    records = [{**make_event("DeleteTrail", source="cloudtrail"), "eventID": str(number)} for number in range(1234)]
    logs = write(tmp_path, "a.json", json.dumps({"Records": records}))
    chosen = ("backtest", logs, "--config", write(tmp_path, "config.json", json.dumps(config)), "--quiet")
    reading, writing = pty.openpty()
    with subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "cloudtrail_to_slack_cli", *map(str, chosen)],
        stdout=writing, env={**os.environ, "COLUMNS": str(width), "NO_COLOR": "1"},
    ):  # fmt: skip
        os.close(writing)
        pieces = []
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(reading, 65536):
                pieces.append(piece)
        os.close(reading)
    tables, _, rest = b"".join(pieces).decode().replace("\r\n", "\n").partition("Not predicted")
    headings = ("alerts", "messages", "actors", "accounts", "a day", "busiest hour", "in threads", "most on a day")
    assert all(heading in tables for heading in headings)
    assert re.search(r"\d\dh: 1,234\b", tables)
    assert max(len(line.rstrip()) for line in rest.split("\n")) <= width
    rows = [line for line in tables.split("\n") if line.startswith(("rule", "a-rule", "channel", "slack_app"))]
    assert max(map(len, rows)) <= width


def test_sparklines_show_days_without_alerts_and_merge_many() -> None:
    """A bar for each day, also in ASCII; more days than there is room for share a bar."""
    days = {"2026-10-01": 8, "2026-10-03": 1}
    assert sparkline(by_time(days, "2026-10-01", "2026-10-03", 14)) == "█ ▁"
    assert sparkline(by_time(days, "2026-10-01", "2026-10-03", 14), "ascii") == "@ _"
    assert by_time(days, "2026-09-30", "2026-10-03", 2) == [8, 1]
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "  "
