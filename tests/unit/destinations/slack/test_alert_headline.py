"""The head of an alert."""

import html
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.render.headline import (
    SEVERITY_MARKS,
    headline,
    lead,
    notification_text,
    outcome_marks,
    rule_titles,
    why,
)
from cloudtrail_to_slack.events.call_outcome import call_outcome
from cloudtrail_to_slack.rules import Rule, Severity
from support.samples import ACCOUNT, alert, event
from support.slack_markup import assert_harmless

SIGN_IN = {
    "eventName": "ConsoleLogin",
    "additionalEventData": {"MFAUsed": "No"},
    "responseElements": {"ConsoleLogin": "Success"},
}
FAILED_SIGN_IN = {**SIGN_IN, "responseElements": {"ConsoleLogin": "Failure"}}
SSO_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jo@example.com"
INSIGHT = {
    "state": "Start",
    "eventName": "DeleteVpc",
    "insightType": "ApiErrorRateInsight",
    "errorCode": "AccessDenied",
    "insightContext": {"statistics": {"baseline": {"average": 0.002}, "insight": {"average": 1234}}},
}


def head(*rules: Rule, **changes: Any) -> list[str]:
    """The lines of an alert's headline."""
    text = headline(alert(*rules, **changes))
    assert_harmless(text)
    return html.unescape(text).splitlines()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "web/session-1 called DeleteBucket\naccount 111122223333 · eu-west-1 · s3.amazonaws.com"),
        (
            {"errorCode": "X"},
            "❌ web/session-1 called DeleteBucket, which failed with X\naccount 111122223333 · eu-west-1",
        ),
        (SIGN_IN, "⚠️ without MFA: web/session-1 called ConsoleLogin\naccount 111122223333"),
        (FAILED_SIGN_IN, "❌ web/session-1 called ConsoleLogin, which failed\naccount 111122223333"),
        ({"userIdentity": None, "recipientAccountId": None}, "unknown called DeleteBucket\naccount 111122223333"),
    ],
)
def test_notification_text(changes: dict[str, Any], text: str) -> None:
    """A lock screen shows who called what and where, and first of all what is bad about it."""
    assert notification_text(alert(**changes)).startswith(text)


def test_two_lines() -> None:
    """The first line says how severe, what and who, the second where."""
    severe = Rule("True", severity=Severity.CRITICAL)
    assert head(severe) == [
        ":red_circle: *CRITICAL* · *DeleteBucket* by `web/session-1` — :white_check_mark: succeeded",
        "in `account 111122223333` · `eu-west-1` · `s3.amazonaws.com`",
    ]


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "Root"}, "Root user"),
        ({"type": "IAMUser", "userName": "jo"}, "jo"),
        ({"type": "AssumedRole", "arn": SSO_ARN}, "jo@example.com"),
        ({"type": "AWSService", "invokedBy": "config.amazonaws.com"}, "config.amazonaws.com"),
    ],
)
def test_who(identity: dict[str, str], name: str) -> None:
    """The headline calls people by name: a role with its session, a user of Identity Center without the role."""
    assert head(userIdentity=identity)[0].endswith(f" by `{name}` — :white_check_mark: succeeded")


@pytest.mark.parametrize(
    ("changes", "marks"),
    [
        ({}, [":white_check_mark: succeeded"]),
        ({"errorCode": "AccessDenied"}, [":x: *denied* `AccessDenied`"]),
        ({"errorCode": "Client.UnauthorizedOperation"}, [":x: *denied* `Client.UnauthorizedOperation`"]),
        ({"errorCode": "ForbiddenException"}, [":x: *denied* `ForbiddenException`"]),
        ({"errorCode": "NoSuchBucket"}, [":x: *failed* `NoSuchBucket`"]),
        (SIGN_IN, [":warning: *without MFA*", ":white_check_mark: succeeded"]),
        (FAILED_SIGN_IN, [":x: *failed*"]),
        ({**SIGN_IN, "additionalEventData": {"MFAUsed": "Yes"}}, [":white_check_mark: succeeded"]),
        ({"eventType": "AwsServiceEvent", "serviceEventDetails": {"keyId": "k"}}, []),
    ],
)
def test_outcomes(changes: dict[str, Any], marks: list[str]) -> None:
    """How a call ended and a sign-in without MFA are marked, and the headline has the marks."""
    found = event(**changes)
    assert outcome_marks(found, call_outcome(found)) == marks
    assert all(mark in head(**changes)[0] for mark in marks)


def test_where_nothing_is_known() -> None:
    """What is unknown is said to be, or left out."""
    made = alert(eventName=..., userIdentity=..., awsRegion=..., eventSource=..., log_file=None)
    assert "*an event without a name* by `unknown` — " in headline(made)
    assert headline(made).endswith("\nin `account 111122223333`")


def test_insight() -> None:
    """An Insight says what is unusual, how much, and instead of how much."""
    line = head(eventName=..., eventSource=..., userIdentity=..., insightDetails=INSIGHT)[0]
    assert ":chart_with_upwards_trend:" in line
    assert "*Unusual activity began:* errors of *DeleteVpc*, 1,234 a minute instead of 0.002, `AccessDenied`" in line


@pytest.mark.parametrize(
    ("state", "words"),
    [("End", "*Unusual activity ended:* calls to an API"), ("?", "*Unusual activity:* calls to an API")],
)
def test_insight_of_which_little_is_known(state: str, words: str) -> None:
    """An Insight without name and numbers is shown without them."""
    assert head(eventName=..., insightDetails={"state": state})[0].endswith(words)


def test_why() -> None:
    """The three most severe rules are shown, the first without its title, which the lead has; the rest is counted."""
    text = why(
        alert(
            Rule(
                "True", id="a", title="First <a>", description="Because & so.", runbook_url="https://x.example/?a&b|<>"
            ),
            Rule("event['x']", severity=Severity.LOW),
            Rule("event['y']"),
            Rule("True", id="c", severity=Severity.CRITICAL),
            Rule("True", id="d", severity=Severity.INFO),
        )
    )
    assert_harmless(text)
    second, third, more = text.splitlines()
    assert "*First &lt;a&gt;* · Because &amp; so. · <https://x.example/?a&amp;b%7C%3C%3E|runbook>" in second
    assert "`event['y']`" in third
    assert more == "and 2 more rules"


def test_what_was_counted_is_only_displayed() -> None:
    """Values that a threshold counted are an attacker's to choose: they are shown as code, before the description."""
    values = (":white_check_mark: *All clear* <!channel>", "`x` _y_")
    rule = Rule("True", id="a", title="T", description="It matters.", counted="2 different names", members=values)
    shown = "`:white_check_mark: *All clear* &lt;!channel&gt;`, `\u02cbx\u02cb _y_`"
    assert why(alert(rule)) == f":bell: 2 different names: {shown}. It matters."
    assert_harmless(why(alert(rule)))


def test_a_title_that_rules_share_is_shown_once() -> None:
    """Rules of several packs about the same thing have one title, and the first description says what it is about."""
    title, said = "Sign-in without MFA", ("first", "second", None)
    rules = [Rule("True", id=f"r-{number}", title=title, description=each) for number, each in enumerate(said)]
    assert why(alert(*rules)) == ":bell: first"
    assert rule_titles(alert(*rules)) == ":bell: *Sign-in without MFA*"


def test_the_lead() -> None:
    """The first line has the severity, as mark and word, and the most severe rule's title; then what happened."""
    made = alert(Rule("True", id="a", title="Second"), Rule("True", title="First", severity=Severity.CRITICAL))
    assert lead(made).startswith(
        ":red_circle: *CRITICAL* · *First*\n*DeleteBucket* by `web/session-1` — :white_check_mark:"
    )
    described = alert(Rule("True", id="a", title="Always", description="It matters."))
    assert why(described) == ":bell: It matters."
    assert why(alert(Rule("True", id="a", title="Always"))) == ""


def test_every_severity_has_a_mark() -> None:
    """Each severity has a mark of its own."""
    assert set(SEVERITY_MARKS) == set(Severity)
    assert len(set(SEVERITY_MARKS.values())) == len(Severity)
