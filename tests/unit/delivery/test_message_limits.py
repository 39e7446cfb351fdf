"""Whatever a flood holds: nothing is lost, the limit is kept, and no critical alert is summarized."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.alert import make_alert, pending_alert
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.registry import Destinations
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule, Severity
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from support.samples import LOG_FILE, record

CHANNEL = "C1"
RULES = {severity: Rule("True", id=severity.word, severity=severity) for severity in Severity}
_ID = re.compile(r"id-\d{5}")


@dataclass(frozen=True)
class Flooded:
    """An alert of a flood: how severe, at which second, by which of a few actors."""

    severity: Severity
    second: int
    actor: int


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeSlack]:
    """A Slack for all examples."""
    with FakeSlack() as running:
        running.add_channel(CHANNEL, "alerts")
        yield running


def alerts() -> st.SearchStrategy[list[list[Flooded]]]:
    """Alerts as they are delivered: in one or more portions."""
    one = st.builds(
        Flooded, severity=st.sampled_from(list(Severity)), second=st.integers(0, 59), actor=st.integers(0, 5)
    )
    noise = st.builds(Flooded, severity=st.just(Severity.LOW), second=st.integers(0, 59), actor=st.integers(0, 30))
    return st.lists(st.lists(st.one_of(one, noise, noise), max_size=25), min_size=1, max_size=3)


def deliver(slack: FakeSlack, kind: str, limit: int, portions: list[list[Flooded]]) -> Delivery:
    """Deliver the alerts to an empty channel."""
    slack.clear()
    environment = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    if kind == "slack_webhook":
        environment = {"SLACK_WEBHOOK_URL": slack.add_webhook(CHANNEL)}
    clients = AwsClients()
    services = Services(environment, SecretReader(clients), clients, {"slack_app": Routes(CHANNEL)}, limit)
    clock = Clock(lambda: 1000.0, now=lambda: 1_773_480_000.0, sleep=lambda _: None)
    delivery = Delivery(Destinations(services), DeduplicationStore(None, "", 60, clock), clock)
    number = 0
    for portion in portions:
        pending = []
        for alert in portion:
            rules = (RULES[alert.severity],)
            user = {"type": "IAMUser", "userName": f"user-{alert.actor}", "arn": f"arn:{alert.actor}"}
            event = read_event(
                record(
                    eventID=f"id-{number:05}-4f0e-8c1d-9a7b-0123456789ab",
                    eventTime=f"2026-03-14T09:00:{alert.second:02}Z",
                    userIdentity=user,
                )
            )
            made = make_alert(event, rules, LOG_FILE)
            pending.append((pending_alert(event, rules), lambda made=made: made, frozenset({None})))
            number += 1
        delivery.deliver(pending)
    delivery.finish()
    return delivery


@pytest.mark.parametrize("kind", ["slack_app", "slack_webhook"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(portions=alerts(), limit=st.sampled_from([1, 2, 3, 5, 20]))
def test_floods(slack: FakeSlack, kind: str, limit: int, portions: list[list[Flooded]]) -> None:
    """Every event is in some message; messages that are not critical keep the limit; criticals have their own.

    A parent has the highest severity of its thread. Alerts of their own come in order of severity, then time.
    """
    delivery = deliver(slack, kind, limit, portions)
    assert delivery.failures == []
    flooded = [alert for portion in portions for alert in portion]
    severities = {f"id-{number:05}": alert.severity for number, alert in enumerate(flooded)}
    not_critical = 0
    seen: list[str] = []
    for thread in slack.threads(CHANNEL):
        members = [
            (message, _ID.findall(message.text + json.dumps(message.blocks)))
            for message in [thread.root, *thread.replies]
        ]
        is_summary = "in one summary" in thread.root.text
        for message, ids in members:
            found = set(ids)
            seen += found
            single = len(found) == 1 and not is_summary
            assert single or Severity.CRITICAL not in {severities[event_id] for event_id in found}
            in_channel = message is thread.root or not is_summary
            not_critical += in_channel and not (single and severities[ids[0]] is Severity.CRITICAL)
        if not is_summary:
            ranks = [severities[ids[0]] for _, ids in members]
            assert max(ranks) == ranks[0]
    assert sorted(seen) == sorted(severities)
    assert not_critical <= limit


def test_ordered_by_severity_then_time(slack: FakeSlack) -> None:
    """Of one portion the most severe comes first, then the earliest."""
    flood = [
        Flooded(Severity.LOW, 1, 1), Flooded(Severity.HIGH, 9, 2), Flooded(Severity.CRITICAL, 30, 3),
        Flooded(Severity.HIGH, 2, 4), Flooded(Severity.CRITICAL, 20, 5),
    ]  # fmt: skip
    deliver(slack, "slack_app", 20, [flood])
    order = [_ID.findall(json.dumps(message.blocks))[0] for message in slack.messages(CHANNEL)]
    assert order == ["id-00004", "id-00002", "id-00003", "id-00001", "id-00000"]


def test_a_late_critical_alert_has_its_own_message(slack: FakeSlack) -> None:
    """When noise has used all slots up, a critical alert of a later portion is sent anyway."""
    noise = [Flooded(Severity.HIGH, number, number) for number in range(30)]
    late = [Flooded(Severity.CRITICAL, 59, 40), Flooded(Severity.HIGH, 58, 41)]
    deliver(slack, "slack_webhook", 5, [noise, late])
    texts = [message.text for message in slack.messages(CHANNEL)]
    assert [text.split("\n")[0] for text in texts[4:]] == [
        "user-40 called DeleteBucket",
        "27 more alerts in one summary: the most severe is DeleteBucket by user-4 (high)",
    ]


@pytest.mark.parametrize("count", [300, 1000])
def test_a_webhook_keeps_its_limit(slack: FakeSlack, count: int) -> None:
    """A flood by webhook, whose summary takes several messages, keeps the limit and leaves no id out."""
    delivery = deliver(
        slack, "slack_webhook", 20, [[Flooded(Severity.LOW, number % 60, number) for number in range(count)]]
    )
    messages = slack.messages(CHANNEL)
    assert delivery.failures == []
    assert len(messages) <= 20
    found = {event_id for message in messages for event_id in _ID.findall(message.text + json.dumps(message.blocks))}
    assert len(found) == count


def test_what_finds_no_slot_fails(slack: FakeSlack) -> None:
    """What a webhook's limit leaves no slot for is reported as not delivered, so that the retry delivers it."""
    delivery = deliver(
        slack, "slack_webhook", 2, [[Flooded(Severity.LOW, number % 60, number) for number in range(600)]]
    )
    assert len(slack.messages(CHANNEL)) == 2
    found = {event_id for message in slack.messages(CHANNEL) for event_id in _ID.findall(json.dumps(message.blocks))}
    assert len(found) + len(delivery.failures) == 600
    assert {undelivered.code for _, undelivered in delivery.failures} == {"message_limit_reached"}


def test_many_critical_alerts_leave_a_slot_for_the_summary(slack: FakeSlack) -> None:
    """However many critical alerts there are, each has a message, and the rest is summarized."""
    flood = [Flooded(Severity.CRITICAL, 1, number) for number in range(8)]
    flood += [Flooded(Severity.LOW, 2, number) for number in range(4)]
    deliver(slack, "slack_app", 3, [flood])
    assert len(slack.messages(CHANNEL)) == 9
    assert "4 more alerts in one summary" in slack.messages(CHANNEL)[-1].text
