"""Real events of many sources, each read, evaluated and reported."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message, plain_message, reply_message
from cloudtrail_to_slack.destinations.sns.render import MAX_BODY_BYTES, alert_body, subject
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.rules import EventOutcome, Rule, RuleSet
from cloudtrail_to_slack.rules.packs import default_rules
from support.samples import LOG_FILE
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "events.jsonl.gz"
SOURCES = ("boogy_parser", "flaws_umccr", "cloudtrail_tracker", "otrf", "streamalert", "custodian", "event_ruler")
ALWAYS = Rule("True", id="always", title="Always")
TODAY = date(2026, 3, 14)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CORPUS.is_file(), reason=f"the corpus of real events is not at {CORPUS}"),
]


def records(source: str) -> Iterator[dict[str, Any]]:
    """The records of one source."""
    with gzip.open(CORPUS, "rt") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry["source"] == source:
                yield entry["event"]


def events(source: str) -> Iterator[Event]:
    """Its events."""
    return (read_event(record, object_key=LOG_FILE.key) for record in records(source))


def test_every_source_is_read() -> None:
    """The corpus holds the sources below and no other."""
    with gzip.open(CORPUS, "rt") as lines:
        counts = Counter(json.loads(line)["source"] for line in lines)
    assert set(counts) == set(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_messages(source: str) -> None:
    """Every real event makes messages that Slack takes and that do nothing but be read."""
    for event in events(source):
        alert = make_alert(event, (ALWAYS,), LOG_FILE)
        for message in (alert_message(alert), reply_message(alert), plain_message(alert)):
            assert_within_limits(message.text, message.blocks)
            assert_all_harmless(texts_of(message.blocks))
            assert_escaped(message.text)


@pytest.mark.parametrize("source", SOURCES)
def test_bodies(source: str) -> None:
    """Every real event makes an SNS message that is JSON, fits, and holds the whole request."""
    for event in events(source):
        alert = make_alert(event, (ALWAYS,), LOG_FILE)
        body = alert_body(alert)
        assert len(body.encode()) <= MAX_BODY_BYTES
        assert json.loads(body)["request_parameters"] == event.record.get("requestParameters")
        assert 0 < len(subject(alert.title)) < 100


@pytest.mark.parametrize("source", SOURCES)
def test_default_rules(source: str) -> None:
    """No default rule raises on a real event."""
    rules = RuleSet(default_rules("cloudtrail-to-slack"), [])
    assert [event.event_id for event in events(source) if rules.evaluate(event.flat, TODAY).problems] == []


def test_the_default_rules_find_something() -> None:
    """Of all real events the default rules match some, and let most pass."""
    rules = RuleSet(default_rules(None), [])
    outcomes = Counter(rules.evaluate(event.flat, TODAY).outcome for source in SOURCES for event in events(source))
    assert 0 < outcomes[EventOutcome.MATCHED] < outcomes[EventOutcome.UNMATCHED]
