"""What `backtest` predicts is what the function sends: the same logs, through the real handler to a fake Slack."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.threads import DETAILS_TEXT
from cloudtrail_to_slack_dev.demo.clock import StoryClock
from cloudtrail_to_slack_dev.demo.replay import handler_at
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from cloudtrail_to_slack_dev.moto_server import MotoServer
from support.app_environment import CHANNEL, AppEnvironment, log_bytes, record, s3_event
from support.command_line import cloudtrail_to_slack
from support.pages import ROOT

CORPUS = ROOT.parent / "shared/corpus/events.jsonl.gz"
START = datetime(2026, 3, 14, 22, 30, tzinfo=UTC)  # so that the replay passes midnight
ROUTED, OTHER = "444455556666", "777788889999"
ACTORS = [f"arn:aws:sts::111122223333:assumed-role/Deployer/{name}" for name in ("alice", "bob", "carol")]
CONFIG: dict[str, Any] = {
    "use_default_rules": False,
    "rules": [
        {"id": "bucket", "expression": "event.get('eventName') == 'DeleteBucket'"},
        {"id": "denied", "expression": "event.get('errorCode') == 'AccessDenied'", "severity": "low"},
        {"id": "trail", "expression": "event.get('eventName') == 'StopLogging'", "severity": "critical"},
        {
            "id": "guessing",
            "expression": "event.get('eventName') == 'ConsoleLogin'",
            "severity": "high",
            "threshold": {"count": 3, "minutes": 10, "by": ["userIdentity.arn"]},
        },
    ],
    "ignore_rules": ["event.get('sourceIPAddress') == '198.51.100.1'"],
    "max_messages_per_channel": 6,
    "dynamodb_time_to_live": 900,
}
SLACK = {"default_channel_id": CHANNEL, "routes": [{"accounts": [ROUTED], "slack_channel_id": "C0ROUTED"}]}


@dataclass
class Replay:
    """A function with a clock, and the log files that it is to read, in order of delivery."""

    app_env: AppEnvironment
    clock: StoryClock
    files: list[tuple[datetime, Path]]

    def run(self, together: int) -> None:
        """Invoke the handler for so many files at a time, at the time of the last."""
        with handler_at(self.clock):
            for first in range(0, len(self.files), together):
                batch = self.files[first : first + together]
                self.clock.set(batch[-1][0])
                keys = [
                    self.app_env.put(path.read_bytes(), str(path.relative_to(self.app_env.folder))) for _, path in batch
                ]
                self.app_env.invoke(s3_event(*keys))


@pytest.fixture
def replay(moto_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A fresh AWS and a fresh Slack, at the time of the log files."""
    moto_server.reset()
    clock = StoryClock(START)
    with FakeSlack(clock=clock.now) as slack:
        app_env = AppEnvironment(moto_server.url, slack, tmp_path, monkeypatch)
        slack.add_channel("C0ROUTED", "routed")
        yield Replay(app_env, clock, [])


def write_logs(replay: Replay, seed: int) -> None:
    """Write log files of three hours: bursts, repetitions, copies in later files, quiet times, several accounts."""
    choose = random.Random(seed)  # noqa: S311 (no secret)
    sent: list[dict[str, Any]] = []
    for number in range(26):
        moment = START + timedelta(minutes=7 * number)
        count = choose.choice([0, 1, 2, 3, 5, 12, 25])
        records = [_record(choose, moment, f"{number}-{position}") for position in range(count)]
        copies = choose.sample(sent, min(len(sent), choose.choice([0, 0, 2])))
        sent += records
        write_log(replay, number, moment, choose.choice([ROUTED, OTHER]), [*records, *copies])


def write_log(replay: Replay, number: int, moment: datetime, account: str, records: Sequence[dict[str, Any]]) -> None:
    """Write a log file that CloudTrail delivered at a moment."""
    name = f"{account}_CloudTrail_eu-west-1_{moment:%Y%m%dT%H%MZ}_{number:016x}.json.gz"
    path = replay.app_env.folder / f"AWSLogs/{account}/CloudTrail/eu-west-1/{moment:%Y/%m/%d}/{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(log_bytes(*records))
    replay.files.append((moment, path))


def _record(choose: random.Random, delivered: datetime, event_id: str) -> dict[str, Any]:
    arn = choose.choice(ACTORS)
    when = delivered - timedelta(seconds=choose.randrange(60, 400))
    return record(
        eventID=event_id,
        eventTime=f"{when:%Y-%m-%dT%H:%M:%SZ}",
        eventName=choose.choices(["DeleteBucket", "ListBuckets", "StopLogging", "ConsoleLogin"], [5, 3, 1, 3])[0],
        errorCode=choose.choice([None, None, "AccessDenied"]),
        userIdentity={"type": "AssumedRole", "principalId": f"AROA:{arn[-5:]}", "arn": arn, "accountId": ROUTED},
        recipientAccountId=choose.choice([ROUTED, OTHER, None]),
        sourceIPAddress=choose.choice(["203.0.113.7", "203.0.113.7", "198.51.100.1"]),
        requestParameters=choose.choice(
            [{"bucketName": "payroll"}, {f"parameter-{number}": "x" for number in range(30)}]
        ),
        sharedEventID=choose.choice([None, None, None, "shared-1", "shared-2"]),
    )


def received(slack: FakeSlack, channels: Sequence[str]) -> dict[str, dict[str, Counter[str]]]:
    """Return what each channel received on each day: messages, replies, threads and summaries.

    Replies with the details of an alert, which notify no one, do not count.
    """
    found: dict[str, dict[str, Counter[str]]] = {}
    for channel in channels:
        days = found.setdefault(channel, {})
        for thread in slack.threads(channel):
            replies = [reply for reply in thread.replies if reply.text != DETAILS_TEXT]
            for message in (thread.root, *replies):
                counts = days.setdefault(_day(message.ts), Counter())
                counts["messages"] += 1
                counts["replies"] += message is not thread.root
                is_summary = "in one summary:" in message.text or "in one summary (1 of" in message.text
                counts["summaries"] += is_summary
            days[_day(thread.root.ts)]["threads"] += bool(replies)
    return {channel: days for channel, days in found.items() if days}


def _day(ts: str) -> str:
    return datetime.fromtimestamp(float(ts), UTC).date().isoformat()


def predicted(replay: Replay, together: int, *options: str) -> dict[str, Any]:
    """Return the report of `backtest` on the log files and the configuration of the function."""
    ran = cloudtrail_to_slack(
        "backtest", replay.app_env.folder / "AWSLogs", "--config", replay.app_env.folder / "config.json",
        "--files-per-invocation", together, "--format", "json", *options,
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    report: dict[str, Any] = json.loads(ran.out)
    return report


def by_channel(report: dict[str, Any], kind: str) -> dict[str, dict[str, Counter[str]]]:
    """Return what the channels of one kind are predicted to receive."""
    return {
        each["channel"]: {day: Counter(counts) for day, counts in each["days"].items()}
        for each in report["channels"]
        if each["destination"] == kind
    }


@pytest.mark.long
@pytest.mark.parametrize(("seed", "together"), [(1, 1), (2, 1), (3, 1), (4, 3), (5, 4)])
def test_channels_receive_what_is_predicted(replay: Replay, seed: int, together: int) -> None:
    """Messages, replies, threads and summaries of each channel and day, and what a topic gets, are as predicted."""
    topic = replay.app_env.make_topic("alerts")
    sns = {"default_topic_arn": topic}
    replay.app_env.configure_bot(slack=SLACK, sns=sns, **CONFIG)
    write_logs(replay, seed)
    replay.run(together)
    report = predicted(replay, together)
    expected = received(replay.app_env.slack, [CHANNEL, "C0ROUTED"])
    assert by_channel(report, "slack_app") == expected
    (topics,) = by_channel(report, "sns").values()
    bodies = replay.app_env.bodies(topic)
    assert sum(counts["messages"] for counts in topics.values()) == len(bodies)
    total = sum((counts for days in expected.values() for counts in days.values()), Counter())
    assert all(total[name] for name in ("messages", "replies", "threads", "summaries"))  # it was worth a test
    sent = Counter(rule for body in bodies for rule in body["rules"])
    assert {rule["rule"]: rule["alerts"] >= sent[rule["rule"]] for rule in report["rules"]} == dict.fromkeys(
        ("bucket", "denied", "trail", "guessing"), True
    )


@pytest.mark.parametrize("deduplicates", [True, False])
def test_a_webhook_receives_what_is_predicted(replay: Replay, *, deduplicates: bool) -> None:
    """A webhook has no threads; without deduplication, copies in later files are sent again."""
    address = replay.app_env.slack.add_webhook(CHANNEL)
    replay.app_env.make_table()
    environment = {"SLACK_WEBHOOK_URL": address, "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table"}
    replay.app_env.configure(environment=environment, deduplicate_deliveries=deduplicates, **CONFIG)
    write_logs(replay, 6)
    replay.run(1)
    report = predicted(replay, 1, "--slack", "webhook")
    expected = received(replay.app_env.slack, [CHANNEL])
    assert by_channel(report, "slack_webhook") == {"default": expected[CHANNEL]}
    assert bool(report["duplicates"]) is deduplicates


@pytest.mark.parametrize("webhook", [True, False])
def test_a_flood_becomes_a_summary_of_several_messages(replay: Replay, *, webhook: bool) -> None:
    """More alerts than fit into one message of a summary, from several files at once: as many messages as predicted."""
    config = {**CONFIG, "max_messages_per_channel": 4}
    if webhook:
        replay.app_env.make_table()
        environment = {
            "SLACK_WEBHOOK_URL": replay.app_env.slack.add_webhook(CHANNEL),
            "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table",
        }
        replay.app_env.configure(environment=environment, **config)
    else:
        replay.app_env.configure_bot(slack={}, **config)
    choose = random.Random(8)  # noqa: S311 (no secret)
    for number, count in enumerate((700, 5, 40)):
        moment = START + timedelta(minutes=5 * number)
        records = [_record(choose, moment, f"{number}-{position:060}") for position in range(count)]
        write_log(replay, number, moment, OTHER, records)
    replay.run(3)
    report = predicted(replay, 3, *(("--slack", "webhook") if webhook else ()))
    (found,) = by_channel(report, "slack_webhook" if webhook else "slack_app").values()
    assert found == received(replay.app_env.slack, [CHANNEL])[CHANNEL]
    forms = Counter(form for each in report["alerts"] for form in each["delivered"].values())
    assert forms["summary"] > 200


@pytest.mark.long
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real events is not there")
def test_real_events_arrive_as_predicted(replay: Replay) -> None:
    """Real CloudTrail events, with the default rules and the recommended pack, sixty to a log file."""
    replay.app_env.configure_bot(slack=SLACK, detection_packs=["recommended"])
    lines = gzip.decompress(CORPUS.read_bytes()).splitlines()
    events = [json.loads(line)["event"] for line in lines]
    for number in range(0, len(events), 60):
        write_log(replay, number, START + timedelta(minutes=number // 20), OTHER, events[number : number + 60])
    replay.run(1)
    expected = received(replay.app_env.slack, [CHANNEL, "C0ROUTED"])
    assert by_channel(predicted(replay, 1), "slack_app") == expected
    assert sum(counts["messages"] for counts in expected[CHANNEL].values()) > 50


def test_the_order_of_files_on_disk_does_not_matter(replay: Replay) -> None:
    """The same log files in other folders, and so found in another order, give the same messages."""
    replay.app_env.configure_bot(slack=SLACK, **CONFIG)
    write_logs(replay, 7)
    before = predicted(replay, 1)
    for number, (_, path) in enumerate(replay.files):
        moved = replay.app_env.folder / f"AWSLogs/{50 - number:02}/{path.name}"
        moved.parent.mkdir()
        path.rename(moved)
    after = predicted(replay, 1)
    assert after["alerts"] == before["alerts"]
    assert after["channels"] == before["channels"]


def test_events_of_other_files_come_in_log_files_of_five_minutes(tmp_path: Path) -> None:
    """A file that is no log file of CloudTrail's is cut into those that would have brought its events."""
    times = ["09:00:00", "09:00:30", "09:04:59", "09:05:00", "11:00:00"]
    events = [record(eventID=time, eventTime=f"2026-03-14T{time}Z") for time in times]
    path = tmp_path / "export.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, events)).encode()))
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"slack": SLACK, "max_messages_per_channel": 2, "dynamodb_time_to_live": 60}))
    ran = cloudtrail_to_slack("backtest", path, "--config", config, "--format", "json", "-q")
    report = json.loads(ran.out)
    forms = {each["event_id"]: each["delivered"][f"slack_app {CHANNEL}"] for each in report["alerts"]}
    assert forms == {
        "09:00:00": "message", "09:00:30": "summary", "09:04:59": "summary", "09:05:00": "message",
        "11:00:00": "message",
    }  # fmt: skip
