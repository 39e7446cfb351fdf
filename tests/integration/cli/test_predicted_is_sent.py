"""What `backtest` predicts is what the function sends: the same logs, through the real handler to a fake Slack."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.threads import DETAILS_TEXT
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.demo.clock import StoryClock
from cloudtrail_to_slack_dev.demo.replay import handler_at
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from cloudtrail_to_slack_dev.moto_server import MotoServer
from support.app_environment import CHANNEL, TABLE, AppEnvironment, Context, log_bytes, record, s3_event
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
    context: Any = None

    def run(self, together: int, fails: Collection[int] = ()) -> None:
        """Invoke the handler for so many files at a time, at the time of the last; invocations in `fails` fail."""
        with handler_at(self.clock):
            for first in range(0, len(self.files), together):
                batch = self.files[first : first + together]
                self.clock.set(batch[-1][0])
                keys = [
                    self.app_env.put(path.read_bytes(), str(path.relative_to(self.app_env.folder))) for _, path in batch
                ]
                with pytest.raises(InvocationFailedError) if first in fails else nullcontext():
                    self.app_env.invoke(s3_event(*keys), self.context)


@pytest.fixture
def replay(moto_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A fresh AWS and a fresh Slack, at the time of the log files."""
    moto_server.reset()
    clock = StoryClock(START)
    with FakeSlack(clock=clock.now) as slack:
        app_env = AppEnvironment(moto_server.url, slack, tmp_path, monkeypatch)
        slack.add_channel("C0ROUTED", "routed")
        yield Replay(app_env, clock, [])


def write_logs(replay: Replay, seed: int, accounts: Sequence[str | None] = (ROUTED, OTHER, None)) -> None:
    """Write log files of three hours: bursts, repetitions, copies in later files, quiet times, several accounts."""
    choose = random.Random(seed)  # noqa: S311 (no secret)
    sent: list[dict[str, Any]] = []
    for number in range(26):
        moment = START + timedelta(minutes=7 * number)
        count = choose.choice([0, 1, 2, 3, 5, 12, 25])
        records = [_record(choose, moment, f"{number}-{position}", accounts) for position in range(count)]
        copies = choose.sample(sent, min(len(sent), choose.choice([0, 0, 2])))
        sent += records
        write_log(replay, number, moment, choose.choice([ROUTED, OTHER]), [*records, *copies])


def write_log(replay: Replay, number: int, moment: datetime, account: str, records: Sequence[Any]) -> None:
    """Write a log file that CloudTrail delivered at a moment."""
    name = f"{account}_CloudTrail_eu-west-1_{moment:%Y%m%dT%H%MZ}_{number:016x}.json.gz"
    path = replay.app_env.folder / f"AWSLogs/{account}/CloudTrail/eu-west-1/{moment:%Y/%m/%d}/{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(log_bytes(*records))
    replay.files.append((moment, path))


def _record(
    choose: random.Random, delivered: datetime, event_id: str, accounts: Sequence[str | None] = (ROUTED, OTHER, None)
) -> dict[str, Any]:
    arn = choose.choice(ACTORS)
    when = delivered - timedelta(seconds=choose.randrange(60, 400))
    return record(
        eventID=event_id,
        eventTime=f"{when:%Y-%m-%dT%H:%M:%SZ}",
        eventName=choose.choices(["DeleteBucket", "ListBuckets", "StopLogging", "ConsoleLogin"], [5, 3, 1, 3])[0],
        errorCode=choose.choice([None, None, "AccessDenied"]),
        userIdentity={"type": "AssumedRole", "principalId": f"AROA:{arn[-5:]}", "arn": arn, "accountId": ROUTED},
        recipientAccountId=choose.choice(accounts),
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


def predicted(replay: Replay, together: int, *options: object, fails: bool = False) -> dict[str, Any]:
    """Return the report of `backtest` on the log files and the configuration of the function."""
    ran = cloudtrail_to_slack(
        "backtest", replay.app_env.folder / "AWSLogs", "--config", replay.app_env.folder / "config.json",
        "--files-per-invocation", together, "--format", "json", *options,
    )  # fmt: skip
    assert (ran.code, bool(ran.err)) == (0, fails)
    report: dict[str, Any] = json.loads(ran.out)
    return report


def by_channel(report: dict[str, Any], kind: str) -> dict[str, dict[str, Counter[str]]]:
    """Return what the channels of one kind are predicted to receive."""
    return {
        each["channel"]: {day: Counter({**counts, "notices": 0}) for day, counts in each["days"].items()}
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


@pytest.mark.long
@pytest.mark.parametrize("table", [True, False])
def test_each_webhook_receives_what_is_predicted(replay: Replay, tmp_path: Path, *, table: bool) -> None:
    """Each webhook of a route is a channel of its own, with its own limit; its name holds nothing of its address."""
    replay.app_env.slack.add_channel("C0SHARED", "shared")
    default, routed = replay.app_env.slack.add_webhook(CHANNEL), replay.app_env.slack.add_webhook("C0ROUTED")
    shared = replay.app_env.slack.add_webhook("C0SHARED")
    routes = [
        {"accounts": [ROUTED], "slack_hook_url": routed},
        {"accounts": ["111122223333", "123456789012"], "slack_hook_url": shared},
    ]
    environment = {"SLACK_WEBHOOK_URL": default, "SLACK_WEBHOOK_ROUTES": json.dumps(routes)}
    if table:
        replay.app_env.make_table()
        environment["DYNAMODB_TABLE_NAME"] = TABLE
    replay.app_env.configure(environment=environment, **CONFIG)
    write_logs(replay, 9, [ROUTED, OTHER, "123456789012", "111122223333"])
    replay.run(2)
    path = tmp_path / "routes.json"
    path.write_text(json.dumps(routes))
    report = predicted(replay, 2, "--webhook-routes", path, *(() if table else ("--no-table",)))
    expected = received(replay.app_env.slack, [CHANNEL, "C0ROUTED", "C0SHARED"])
    names = {CHANNEL: "default", "C0ROUTED": ROUTED, "C0SHARED": "111122223333, 123456789012"}
    assert by_channel(report, "slack_webhook") == {names[channel]: days for channel, days in expected.items()}
    assert len(expected) == 3
    assert "http" not in json.dumps(report["channels"])


@pytest.mark.long
@pytest.mark.parametrize(("seed", "together"), [(11, 1), (12, 4)])
def test_without_a_table_channels_receive_what_is_predicted(replay: Replay, seed: int, together: int) -> None:
    """Threads end with the invocation, copies in later ones are sent again, and thresholds count in each alone."""
    replay.app_env.configure_bot(table=False, slack=SLACK, **CONFIG)
    write_logs(replay, seed)
    replay.run(together)
    report = predicted(replay, together, "--no-table")
    expected = received(replay.app_env.slack, [CHANNEL, "C0ROUTED"])
    assert by_channel(report, "slack_app") == expected
    with_table = predicted(replay, together)
    assert with_table["channels"] != report["channels"]
    alerts = Counter(rule for each in report["alerts"] for rule in each["rules"])
    assert {rule["rule"]: rule["alerts"] for rule in report["rules"]} == {
        name: alerts[name] for name in ("bucket", "denied", "trail", "guessing")
    }


@pytest.mark.long
def test_routes_for_severe_alerts_receive_what_is_predicted(replay: Replay) -> None:
    """An alert that is severe enough goes to the channel of its route, and to no other."""
    severe = {"accounts": ["*"], "slack_channel_id": "C0ROUTED", "min_severity": "critical"}
    replay.app_env.configure_bot(slack={"routes": [severe]}, **CONFIG)
    write_logs(replay, 13)
    replay.run(1)
    expected = received(replay.app_env.slack, [CHANNEL, "C0ROUTED"])
    assert by_channel(predicted(replay, 1), "slack_app") == expected
    assert len(expected) == 2


@pytest.mark.long
@pytest.mark.parametrize(("seed", "together", "configured"), [(14, 1, False), (15, 3, False), (16, 2, True)])
def test_webhooks_for_severe_alerts_receive_what_is_predicted(
    replay: Replay, tmp_path: Path, *, seed: int, together: int, configured: bool
) -> None:
    """Routes with `min_severity`, in the secret list or in config.json, lead alerts to webhooks as predicted.

    The first route that is for so severe an alert counts, before those by account; one webhook may have both kinds.
    """
    app_env = replay.app_env
    app_env.make_table()
    hooks = {CHANNEL: app_env.slack.add_webhook(CHANNEL)}
    for channel in ("C0SEVERE", "C0ROUTED", "C0BOTH"):
        app_env.slack.add_channel(channel, channel.lower())
        hooks[channel] = app_env.slack.add_webhook(channel)
        app_env.aws("ssm").put_parameter(Name=f"/{channel}", Value=hooks[channel], Type="SecureString")
    chosen: list[tuple[str, dict[str, Any]]] = [
        ("C0SEVERE", {"accounts": ["*"], "min_severity": "critical"}),
        ("C0BOTH", {"accounts": [ROUTED, OTHER], "min_severity": "medium"}),
        ("C0ROUTED", {"accounts": [ROUTED]}),
        ("C0BOTH", {"accounts": ["123456789012"]}),
    ]
    references = [{**route, "slack_hook_url_ssm_parameter": f"/{channel}"} for channel, route in chosen]
    routes = json.dumps([{**route, "slack_hook_url": hooks[channel]} for channel, route in chosen])
    environment = {"SLACK_WEBHOOK_URL": hooks[CHANNEL], "DYNAMODB_TABLE_NAME": TABLE}
    if configured:
        app_env.configure(environment=environment, slack_webhook_routes=references, **CONFIG)
    else:
        app_env.configure(environment={**environment, "SLACK_WEBHOOK_ROUTES": routes}, **CONFIG)
    write_logs(replay, seed, [ROUTED, OTHER, "123456789012", "111122223333", None])
    replay.run(together)
    path = tmp_path / "routes.json"
    path.write_text(routes)
    report = predicted(replay, together, *(() if configured else ("--webhook-routes", path)))
    names = {
        CHANNEL: "default",
        "C0SEVERE": "every account (critical and above)",
        "C0BOTH": f"{ROUTED}, {OTHER} (medium and above); 123456789012",
        "C0ROUTED": ROUTED,
    }
    expected = received(app_env.slack, list(names))
    assert by_channel(report, "slack_webhook") == {names[channel]: days for channel, days in expected.items()}
    assert expected.keys() == names.keys()  # it was worth a test


OWN_ROLE = "arn:aws:iam::111122223333:role/alerts"


@pytest.mark.long
@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_notices_arrive_as_predicted(replay: Replay, *, table: bool, wanted: bool) -> None:
    """Rule errors, calls of the function's own role and unreadable log files make the notices that are predicted."""
    rules = [
        *CONFIG["rules"],
        {"id": "broken", "expression": "event['requestParameters.bucketName'] > 3"},
        {"id": "missing", "severity": "critical", "expression": "event['noField'] == event['eventName']"},
    ]
    ignore_rules = [*CONFIG["ignore_rules"], "event['sharedEventID'] > 3"]
    config = {**CONFIG, "rules": rules, "ignore_rules": ignore_rules, "rule_evaluation_errors_to_slack": wanted}
    replay.app_env.configure_bot(table=table, slack=SLACK, own_role_arns=[OWN_ROLE], **config)
    write_logs(replay, 21)
    identity = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": OWN_ROLE}}}
    choose = random.Random(22)  # noqa: S311 (no secret)
    for number in range(30, 42):
        moment = START + timedelta(minutes=11 * (number - 29) + 3)
        own = [{**_record(choose, moment, f"own-{number}-{each}"), "userIdentity": identity} for each in range(2)]
        write_log(replay, number, moment, OTHER, own)
    replay.files.sort()
    broken = replay.files[-1][0] + timedelta(minutes=9)
    write_log(replay, 50, broken, OTHER, [record(eventID="last"), "no record"])
    replay.context = Context(milliseconds=300_000)
    replay.run(1, fails={len(replay.files) - 1})
    report = predicted(replay, 1, *(() if table else ("--no-table",)), fails=True)
    expected = received(replay.app_env.slack, [CHANNEL, "C0ROUTED"])
    assert by_channel(report, "slack_app") == expected
    titles = " ".join(each["notice"] for each in report["notices"])
    assert ("raised an error" in titles) is wanted
    assert "could not be read" in titles
    assert sum(each["messages"] for each in report["notices"]) == sum(each["notices"] for each in report["channels"])
    assert any("missing log data" in each for each in report["not_predicted"])


@pytest.mark.long
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
    """A file that is not a log file of CloudTrail's is cut into those that would have brought its events."""
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
