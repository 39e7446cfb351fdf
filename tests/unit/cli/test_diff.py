"""The command `diff`: what a change of the configuration does to alerts and messages."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli.main import run
from support.command_line import cloudtrail_to_slack, write

HOSTILE = "a|b` @everyone\n# c \x1b[31m<img src=x>"


def event(number: int, name: str, account: str = "111122223333", **fields: object) -> dict[str, Any]:
    """Return an event of its own id and minute."""
    record = make_event(name, source="iam", recipientAccountId=account, **fields)
    return {**record, "eventID": f"e{number}", "eventTime": f"2026-10-01T09:{number:02}:00Z"}


EVENTS = [
    event(1, "CreateUser"), event(2, "CreateUser"), event(3, "DeleteUser"), event(4, "DeleteUser", "444455556666"),
    event(5, "CreateRole"), event(6, "CreateRole", userIdentity__arn=HOSTILE),
]  # fmt: skip


def rule(name: str) -> dict[str, str]:
    """Return a rule for events of a name, whose id that is."""
    return {"id": name, "expression": f"event.get('eventName') == '{name}'"}


def config(folder: Path, name: str, *rules: dict[str, str], **more: object) -> Path:
    """Write a configuration with these rules alone, and one channel."""
    document = {"use_default_rules": False, "rules": rules, "slack": {"default_channel_id": "C1"}, **more}
    return write(folder, name, json.dumps(document))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A file with all events."""
    return write(tmp_path, "logs/export.jsonl", "\n".join(map(json.dumps, EVENTS)))


def changed(folder: Path) -> tuple[Path, Path]:
    """Write a configuration before and after a change: a rule comes, one goes, one changes, an account moves."""
    routes = {"default_channel_id": "C1", "routes": [{"accounts": ["444455556666"], "slack_channel_id": "C2"}]}
    other = {"id": "CreateUser", "expression": "event.get('eventID') in ('e1', 'e3')"}
    old = config(folder, "old.json", rule("CreateUser"), rule("DeleteUser"))
    return old, config(folder, "new.json", other, rule("CreateRole"), rule("DeleteUser"), slack=routes)


def test_what_is_new_gone_and_moved_is_said_with_an_example(tmp_path: Path, logs: Path) -> None:
    """Event by event, not by counts: a changed rule with as many alerts as before shows which came and which went."""
    ran = cloudtrail_to_slack("diff", *changed(tmp_path), logs, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert found["alerts"] == {"old": 4, "new": 5, "unchanged": 1}
    (new,) = found["new_alerts"]
    assert (new["rules"], new["alerts"], new["example"]["event_id"]) == (["CreateRole"], 2, "e5")
    (gone,) = found["gone_alerts"]
    assert (gone["rules"], gone["alerts"], gone["example"]["event_id"]) == (["CreateUser"], 1, "e2")
    (moved,) = found["moved_alerts"]
    assert (moved["before"], moved["after"]) == (["slack_app C1"], ["slack_app C2"])
    assert moved["example"] == {
        "event_id": "e4", "event_time": "2026-10-01T09:04:00Z", "event_name": "DeleteUser",
        "account_id": "444455556666", "actor": "arn:aws:iam::111122223333:user/alice",
    }  # fmt: skip
    (other,) = found["changed_rules"]
    assert (other["before"], other["after"], other["example"]["event_id"]) == (
        ["DeleteUser"], ["CreateUser", "DeleteUser"], "e3",
    )  # fmt: skip
    channels = {each["channel"]: (each["old_messages"], each["new_messages"]) for each in found["channels"]}
    assert channels == {"slack_app C1": (4, 4), "slack_app C2": (0, 1)}
    assert found["messages"] == {"old": 4, "new": 5}
    text = cloudtrail_to_slack("diff", *changed(tmp_path), logs).out
    assert "4 -> 5 alerts (1 unchanged), 4 -> 5 messages" in text
    assert "  1  slack_app C1 -> slack_app C2\n      for example 2026-10-01T09:04:00Z DeleteUser by arn:aws:iam" in text


def test_saved_results_give_the_same(tmp_path: Path, logs: Path) -> None:
    """What `backtest --format json` printed, in a shell's UTF-8 or UTF-16, is compared without the log files."""
    old, new = changed(tmp_path)
    saved = [write(tmp_path, f"saved-{path.name}", _result(logs, path)) for path in (old, new)]
    by_shell = [tmp_path / encoding for encoding in ("utf-8-sig", "utf-16")]
    for path, copy in zip(saved, by_shell, strict=True):
        copy.write_bytes(path.read_text().encode(copy.name))
    ways = [(old, new, logs), saved, (saved[0], new, logs), by_shell]
    found = [json.loads(cloudtrail_to_slack("diff", *way, "--format", "json").out) for way in ways]
    assert [{**each, "old": "", "new": ""} for each in found] == [{**found[0], "old": "", "new": ""}] * 4


def _result(logs: Path, path: Path) -> str:
    return cloudtrail_to_slack("backtest", logs, "--config", path, "--format", "json").out


def test_nothing_differs_between_equals(tmp_path: Path, logs: Path) -> None:
    """A configuration compared with itself has no change."""
    same = config(tmp_path, "same.json", rule("CreateUser"))
    found = json.loads(cloudtrail_to_slack("diff", same, same, logs, "--format", "json").out)
    assert found["alerts"] == {"old": 2, "new": 2, "unchanged": 2}
    assert not any(found[name] for name in found if name.endswith(("_alerts", "_messages", "_rules", "limit")))
    assert "New alerts" not in cloudtrail_to_slack("diff", same, same, logs).out


@pytest.mark.parametrize(("most", "code"), [(3, 1), (4, 0), (0, 1)])
def test_the_limit_of_messages_is_a_gate(tmp_path: Path, logs: Path, most: int, code: int) -> None:
    """More messages on a day than allowed end with exit code 1, and say where and when; OLD may exceed it."""
    ran = cloudtrail_to_slack("diff", *changed(tmp_path), logs, "--max-messages-per-day", most)
    assert ran.code == code
    line = "Over the limit: slack_app C1 would receive 4 messages on 2026-10-01"
    assert (line in ran.out) is bool(code)
    assert ("**Over the limit:**" in cloudtrail_to_slack(
        "diff", *changed(tmp_path), logs, "--max-messages-per-day", most, "--format", "markdown"
    ).out) is bool(code)  # fmt: skip


def test_a_lower_limit_turns_messages_into_a_summary(tmp_path: Path, logs: Path) -> None:
    """Alerts that stay and come in another kind of message are a change, too."""
    old = config(tmp_path, "old.json", {"id": "all", "expression": "True"})
    new = config(tmp_path, "new.json", {"id": "all", "expression": "True"}, max_messages_per_channel=1)
    found = json.loads(cloudtrail_to_slack("diff", old, new, logs, "--format", "json").out)
    assert found["messages"]["old"] > found["messages"]["new"]
    changes = {(each["before"][0], each["after"][0]): each["alerts"] for each in found["changed_messages"]}
    # One reply stands alone now, for its parent is in a summary.
    assert changes["slack_app C1: reply", "slack_app C1: message"] == 1
    assert {after for _, after in changes} == {"slack_app C1: summary", "slack_app C1: message"}


def test_markdown_shows_what_events_contain_as_code(tmp_path: Path, logs: Path) -> None:
    """Text of an event is not markup, breaks no table, mentions no one and holds no control character."""
    old = config(tmp_path, "old.json", {"expression": "event.get('eventName') == 'x'"})
    new = config(
        tmp_path, "new.json", {"expression": f"event.get('userIdentity.arn') == {HOSTILE!r} or event.get('a') == '|`'"}
    )
    ran = cloudtrail_to_slack("diff", old, new, logs, "--format", "markdown")
    rows = [line for line in ran.out.splitlines() if "img src" in line]
    assert rows
    for row in rows:
        assert "\x1b" not in row
        assert row.replace("\\|", "").count("|") in (4, 6)
        outside = "".join(part for number, part in enumerate(row.replace("\\|", "").split("``")) if number % 2 == 0)
        assert "@" not in outside
        assert "<" not in outside


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("old.json", "new.json"), 2, "give their PATHs"),
        (("missing.json", "new.json"), 3, "missing.json: cannot be read"),
        (("old.json", "broken.json", "logs"), 3, "broken.json"),
        (("result.json", "broken.json"), 3, "broken.json"),
        (("day.json", "day.json"), 3, "day.json: is not a result of backtest --format json"),
        (("old.json", "result.json", "logs"), 3, "result.json: is not a result of backtest --format json"),
        (("old.json", "new.json", "nothing"), 3, "nothing: does not exist"),
        (("old.json",), 2, "NEW"),
    ],
)
def test_wrong_usage_is_explained(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, problem: str
) -> None:
    """What is missing or cannot be read: an exit code, and what to do."""
    assert logs.exists()
    changed(tmp_path)
    write(tmp_path, "broken.json", "{")
    write(tmp_path, "result.json", '{"channels": [{}], "alerts": []}')
    channel = {"destination": "slack_app", "channel": "C1", "days": {"x\x1b[31m\n| y |": {"messages": 1}}}
    write(tmp_path, "day.json", json.dumps({"channels": [channel], "alerts": [], "rules": []}))
    monkeypatch.chdir(tmp_path)
    ran = cloudtrail_to_slack("diff", *arguments)
    assert ran.code == code
    assert problem in ran.err


def test_any_output_takes_any_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the encoding of the output lacks, and lone surrogates, are written as escapes."""
    logs = write(tmp_path, "log.json", json.dumps({"Records": [event(1, "CreateUser", userIdentity__arn="ü\ud800")]}))
    old, new = config(tmp_path, "old.json", rule("Other")), config(tmp_path, "new.json", rule("CreateUser"))
    for encoding, expected in (("ascii", b"by \\xfc"), ("utf-8", "by ü".encode())):
        out = io.TextIOWrapper(io.BytesIO(), encoding)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            assert run(["diff", str(old), str(new), str(logs)]) == 0
        out.flush()
        assert isinstance(out.buffer, io.BytesIO)
        assert expected in out.buffer.getvalue()
