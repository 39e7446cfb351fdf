"""In Slack's markup nothing that an attacker chose stands outside code formatting."""

import re
from collections.abc import Iterable
from typing import Any

import pytest

from cloudtrail_to_slack.alerts.alert import make_alert, pending_alert
from cloudtrail_to_slack.alerts.notice import removed_object_notice, unreadable_notice
from cloudtrail_to_slack.alerts.own_role import own_call
from cloudtrail_to_slack.alerts.self_notices import own_role_notice, rule_error_notices
from cloudtrail_to_slack.auto_restart.notices import restart_notice
from cloudtrail_to_slack.auto_restart.outcomes import Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.stop_events import StopEvent
from cloudtrail_to_slack.destinations.slack.render.alert import (
    alert_message,
    compact_message,
    minimal_message,
    plain_message,
    reply_message,
)
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, with_thread_count
from cloudtrail_to_slack.destinations.slack.render.notice import notice_message
from cloudtrail_to_slack.destinations.slack.render.summary import summary
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.ingest.payloads import LogFile, RemovedObject
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport
from support.samples import record
from support.slack_limits import texts_of

CHOSEN = "zz *bold* _it_ ~no~ :fire: http://evil.example @here #general zz"
RULES = (Rule("True", id="ours", title="Ours"),)
CODE = re.compile(r"```[^`]*```|`[^`\n]+`|<https://[^>|]*\|[^>]*>")


def everywhere(value: Any) -> Any:
    """The same record with every leaf chosen by an attacker."""
    if isinstance(value, dict):
        return {key: everywhere(child) for key, child in value.items()}
    return [everywhere(child) for child in value] if isinstance(value, list) else CHOSEN


HOSTILE = everywhere(
    record(
        errorCode="x", errorMessage="x", userAgent="x", responseElements={"a": "b"}, additionalEventData={"a": ["b"]},
        resources=[{"ARN": "x", "accountId": "x"}], requestParameters={"name": "x", "bucketName": "x", CHOSEN: "x"},
    )
)  # fmt: skip
CLOUDTRAIL = {**HOSTILE, "eventSource": "cloudtrail.amazonaws.com", "eventName": "DeleteTrail", "errorCode": None}
INSIGHT = {
    **HOSTILE,
    "insightDetails": everywhere({"state": "x", "eventName": "x", "eventSource": "x", "insightType": "x"}),
}
IDENTITIES: dict[str, Any] = {
    "a user": {"type": "IAMUser", "userName": CHOSEN, "invokedBy": CHOSEN, "identityProvider": CHOSEN},
    "a role": {"type": "AssumedRole", "arn": f"arn:aws:sts::1:assumed-role/{CHOSEN}/{CHOSEN}", "accountId": CHOSEN},
    "a user of Identity Center": {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::1:assumed-role/AWSReservedSSO_{CHOSEN}_0123456789abcdef/{CHOSEN}",
    },
    "a text": CHOSEN,
}
OBJECT = LogFile(CHOSEN, f"{CHOSEN}/AWSLogs/111122223333/CloudTrail/{CHOSEN}.json.gz")


def outside_code(texts: Iterable[str]) -> list[str]:
    """What is left of each text without code and our own links."""
    return [CODE.sub("", text) for text in texts]


def assert_only_code(message: SlackMessage) -> None:
    """Assert that nothing chosen stands outside code in the message's markup."""
    for text in outside_code(texts_of(message.blocks)):
        assert "zz" not in text, text
        assert "evil" not in text, text


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES)
@pytest.mark.parametrize("hostile", [HOSTILE, CLOUDTRAIL, INSIGHT], ids=["a call", "a trail", "an Insight"])
def test_alerts(hostile: dict[str, Any], identity: Any) -> None:
    """Every size of an alert, in a thread or not, holds what an event brought as code alone."""
    alert = make_alert(read_event({**hostile, "userIdentity": identity}), RULES, OBJECT)
    for message in (alert_message(alert), reply_message(alert), compact_message(alert)):
        assert any("zz" in text for text in texts_of(message.blocks))
        assert_only_code(message.whole)
        assert_only_code(with_thread_count(message, 5, None))
    for text_only in (plain_message(alert), minimal_message(alert)):
        assert text_only.blocks == []  # posted without markup
        assert_only_code(with_thread_count(text_only, 5, None))


def test_summaries() -> None:
    """A summary holds actors, accounts and ids as code."""
    for part in summary([pending_alert(read_event(HOSTILE), RULES)]):
        assert_only_code(part.message)


def test_notices() -> None:
    """Notices hold keys, principals, reasons and errors as code."""
    removed = RemovedObject(OBJECT, CHOSEN, CHOSEN, CHOSEN, CHOSEN)
    report = RuleErrorReport("ours", "True", "KeyError", CHOSEN, 2, (CHOSEN,), OBJECT)
    notices = [
        removed_object_notice(removed, "111122223333"),
        unreadable_notice(OBJECT, CHOSEN, None),
        *(notice for notice, _ in rule_error_notices([report])),
        own_role_notice([own_call(read_event(HOSTILE), RULES)], 1, CHOSEN),
    ]
    for notice in notices:
        assert any("zz" in text for text in texts_of(notice_message(notice).blocks))
        assert_only_code(notice_message(notice))


@pytest.mark.parametrize("action", RestartAction)
def test_notices_of_the_restart(action: RestartAction) -> None:
    """Notices of the restart function hold what the event and CloudTrail said as code."""
    stop = StopEvent("k", read_event(CLOUDTRAIL), CHOSEN, None)
    outcome = Outcome(action, code=CHOSEN)
    notice = restart_notice(stop, outcome, most=3, account="111122223333", table_problem=CHOSEN)
    assert_only_code(notice_message(notice))
