"""Titles and marks that fit how a call ended."""

import html
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.render.alert import (
    alert_message,
    compact_message,
    minimal_message,
    plain_message,
    reply_message,
)
from cloudtrail_to_slack.destinations.slack.render.headline import rule_title
from cloudtrail_to_slack.destinations.sns.render import alert_to_sns
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.packs import default_rules
from support.samples import alert
from support.slack_limits import texts_of
from support.slack_markup import assert_all_harmless

DEFAULT_RULES = {rule.id: rule for rule in default_rules("cloudtrail-to-slack")}
DELETE_TRAIL = {
    "eventSource": "cloudtrail.amazonaws.com",
    "eventName": "DeleteTrail",
    "requestParameters": {"name": "a"},
}


def said(rule: Rule, **changes: Any) -> str:
    """All that every message of an alert says, the SNS message included, as people see it."""
    made = alert(rule, **changes)
    messages = [make(made) for make in (alert_message, reply_message, compact_message, plain_message, minimal_message)]
    texts = [text for message in messages for text in (message.text, *texts_of(message.blocks))]
    assert_all_harmless([text for message in messages for text in texts_of(message.blocks)])
    sns = alert_to_sns(made, "key")
    return html.unescape("\n".join([*texts, sns.subject, sns.body]))


def test_a_denied_deletion_deleted_nothing() -> None:
    """No message about a denied DeleteTrail says that a trail was deleted, or how to create it again."""
    text = said(DEFAULT_RULES["default/cloudtrail-delete-trail"], **DELETE_TRAIL, errorCode="AccessDenied")
    assert "trail deleted" not in text
    assert "create-trail" not in text
    assert "succeeded" not in text
    assert "*Denied attempt to delete a CloudTrail trail*" in text
    assert '"outcome": "denied"' in text


def test_a_deletion_that_succeeded_is_one() -> None:
    """A DeleteTrail that succeeded is headed by the rule's own title, with the command that creates the trail again."""
    text = said(DEFAULT_RULES["default/cloudtrail-delete-trail"], **DELETE_TRAIL)
    assert "*CloudTrail trail deleted*" in text
    assert "create-trail" in text
    assert '"outcome": "succeeded"' in text


@pytest.mark.parametrize("name", ["ConsoleLogin", "SwitchRole"])
def test_a_failed_sign_in_signed_no_one_in(name: str) -> None:
    """A failed sign-in is a failed attempt everywhere, and never a success."""
    rule = DEFAULT_RULES["default/console-sign-in-without-mfa"]
    text = said(rule, eventName=name, responseElements={name: "Failure"})
    assert "succeeded" not in text
    assert "*Failed attempt to sign in to the console without MFA*" in text
    assert f"called {name}, which failed" in text


OWN = Rule("True", id="own", title="Bucket made <public>")
ATTEMPT = Rule("True", title="Bucket made public", attempt="make a bucket public")
UNTITLED = Rule("True", id="own")
TITLES: list[tuple[Rule, CallOutcome, str]] = [
    (OWN, CallOutcome.SUCCEEDED, "*Bucket made &lt;public&gt;*"),
    (OWN, CallOutcome.NOT_A_CALL, "*Bucket made &lt;public&gt;*"),
    (OWN, CallOutcome.DENIED, "*Denied* · rule “Bucket made &lt;public&gt;”"),
    (OWN, CallOutcome.FAILED, "*Failed* · rule “Bucket made &lt;public&gt;”"),
    (OWN, CallOutcome.DRY_RUN, "*Dry run, nothing changed* · rule “Bucket made &lt;public&gt;”"),
    (OWN, CallOutcome.PARTLY_FAILED, "*Failed in part* · rule “Bucket made &lt;public&gt;”"),
    (OWN, CallOutcome.UNKNOWN, "*Result unknown* · rule “Bucket made &lt;public&gt;”"),
    (UNTITLED, CallOutcome.SUCCEEDED, "`own`"),
    (UNTITLED, CallOutcome.DENIED, "*Denied* · rule `own`"),
    (ATTEMPT, CallOutcome.SUCCEEDED, "*Bucket made public*"),
    (ATTEMPT, CallOutcome.DENIED, "*Denied attempt to make a bucket public*"),
    (ATTEMPT, CallOutcome.FAILED, "*Failed attempt to make a bucket public*"),
    (ATTEMPT, CallOutcome.DRY_RUN, "*Dry run of an attempt to make a bucket public: nothing changed*"),
    (ATTEMPT, CallOutcome.PARTLY_FAILED, "*Attempt to make a bucket public, which failed in part*"),
    (ATTEMPT, CallOutcome.UNKNOWN, "*Attempt to make a bucket public, with an unknown result*"),
    (DEFAULT_RULES["default/access-denied"], CallOutcome.DENIED, "*Access denied*"),
    (DEFAULT_RULES["default/unauthorized-operation"], CallOutcome.DENIED, "*Unauthorized operation*"),
    (Rule("True", title="Sign-in attempt blocked"), CallOutcome.FAILED, "*Sign-in attempt blocked*"),
]


@pytest.mark.parametrize(("rule", "outcome", "title"), TITLES)
def test_rule_title(rule: Rule, outcome: CallOutcome, title: str) -> None:
    """A rule's title stands as it is for what happened; for what did not, it is an attempt or the name of a rule."""
    assert rule_title(rule, outcome) == title


@pytest.mark.parametrize("rule", DEFAULT_RULES.values(), ids=DEFAULT_RULES)
def test_default_rules_have_attempts(rule: Rule) -> None:
    """Each default rule whose title states that something happened can also say that it was tried."""
    refusal = rule_title(rule, CallOutcome.DENIED)
    assert "attempt" in refusal or "denied" in refusal or "nauthorized" in refusal


def test_a_reply_carries_title_and_severity() -> None:
    """A reply in a thread names the titles of the rules that matched, most severe first, and the severity."""
    (head, *_), *_ = [texts_of(reply_message(alert(OWN, ATTEMPT)).blocks)]
    assert head.splitlines()[2:] == [":bell: *Bucket made &lt;public&gt;*", ":bell: *Bucket made public*"]
    assert ":large_yellow_circle: *MEDIUM* · *DeleteBucket*" in next(iter(texts_of(reply_message(alert(OWN)).blocks)))
