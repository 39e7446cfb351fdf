"""Each sample event says what becomes of it, and that becomes of it."""

import html
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.alerts.alert import Alert, make_alert
from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message, plain_message, reply_message
from cloudtrail_to_slack.destinations.sns.render import alert_body, subject
from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Evaluation, RuleSet
from support.samples import KEY
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped

TODAY = date(2026, 3, 14)
FILES = sorted((Path(__file__).parents[1] / "events").glob("*.json"))


class Sample:
    """A sample: a record, perhaps a configuration and a key, and what to expect."""

    def __init__(self, path: Path) -> None:
        content = json.loads(path.read_text())
        self.record: Any = content["record"]
        self.expect: dict[str, Any] = content["expect"]
        self.key: str = content.get("object_key", KEY)
        config, issues = read_config({"function_name": "cloudtrail-to-slack", **content.get("config", {})})
        assert (issues, config.rule_issues) == ([], ())
        self.rules = RuleSet(config.rules, config.ignore_rules)

    def event(self) -> Event:
        """The event of the record."""
        return read_event(self.record, object_key=self.key)

    def evaluation(self) -> Evaluation:
        """The rules' evaluation on it."""
        return self.rules.evaluate(self.event().flat, TODAY)

    def alert(self) -> Alert:
        """The alert of a sample that matches."""
        return make_alert(self.event(), self.evaluation().matched, LogFile("trail-bucket", self.key, "eu-west-1"))


SAMPLES = {path.stem: Sample(path) for path in FILES}
READABLE = {name: sample for name, sample in SAMPLES.items() if sample.expect["outcome"] != "failed"}
MATCHED = {name: sample for name, sample in SAMPLES.items() if sample.expect["outcome"] == "matched"}

readable = pytest.mark.parametrize("sample", READABLE.values(), ids=READABLE)
matched = pytest.mark.parametrize("sample", MATCHED.values(), ids=MATCHED)


def test_there_are_samples_of_every_outcome() -> None:
    """The samples cover each thing that can become of a record."""
    evaluations = {sample.expect["outcome"] for sample in SAMPLES.values()}
    assert evaluations == {"matched", "ignored", "unmatched", "failed"}
    assert len(SAMPLES) >= 100


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - set(READABLE)))
def test_failed(name: str) -> None:
    """A record that is not an object is refused."""
    with pytest.raises(RecordError):
        SAMPLES[name].event()


@readable
def test_outcome(sample: Sample) -> None:
    """The rules say of the event what the sample expects: outcome, rules in order, and rules that cannot decide."""
    evaluation = sample.evaluation()
    assert evaluation.outcome.value == sample.expect["outcome"]
    assert [rule.name for rule in evaluation.matched] == sample.expect["rules"]
    assert [problem.rule.name for problem in evaluation.problems] == sample.expect.get("errors", [])


@readable
def test_account(sample: Sample) -> None:
    """The event belongs to the account the sample expects."""
    assert sample.event().account == sample.expect["account"]


@matched
def test_shows(sample: Sample) -> None:
    """The alert shows what people must read, some of it in its details."""
    message = alert_message(sample.alert())
    found = html.unescape("\n".join(texts_of([*message.blocks, *message.details])))
    assert [text for text in sample.expect.get("shows", []) if text not in found] == []


@matched
def test_hides(sample: Sample) -> None:
    """No message of the alert holds what must not reach Slack as it is."""
    for message in (alert_message(sample.alert()), reply_message(sample.alert()), plain_message(sample.alert())):
        texts = [message.text, *texts_of([*message.blocks, *message.details])]
        assert [text for text in sample.expect.get("hides", []) if any(text in found for found in texts)] == []


@matched
def test_slack_takes_it(sample: Sample) -> None:
    """Every size of the alert keeps Slack's limits, and does nothing but be read."""
    for message in (alert_message(sample.alert()), reply_message(sample.alert()), plain_message(sample.alert())):
        assert_within_limits(message.text, message.blocks)
        assert_within_limits(message.text, message.details)
        assert_all_harmless(texts_of([*message.blocks, *message.details]))
        assert_escaped(message.text)


@matched
def test_sns_takes_it(sample: Sample) -> None:
    """The SNS message names the rules, the account and the whole request."""
    body = json.loads(alert_body(sample.alert()))
    assert body["rules"] == sample.expect["rules"]
    assert body["account_id"] == sample.expect["account"]
    assert body["request_parameters"] == sample.record.get("requestParameters")
    assert 0 < len(subject(sample.alert().title)) < 100
