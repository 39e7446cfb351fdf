"""The fields of an alert."""

import html
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.render.alert import fields, reply_fields
from cloudtrail_to_slack.events.call_outcome import call_outcome
from support.samples import ACCOUNT, event
from support.slack_markup import assert_all_harmless

SSO_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jo@example.com"
ROLE = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/web/s"}


def shown(**changes: Any) -> list[str]:
    """The fields of an ordinary event with `changes`."""
    found = event(**changes)
    return fields(found, call_outcome(found))


def field(title: str, **changes: Any) -> str | None:
    """What stands below a title, as people see it; None when there is no such field."""
    found = shown(**changes)
    assert_all_harmless(found)
    return {text.split("\n")[0]: html.unescape(text.partition("\n")[2]) for text in found}.get(f"*{title}*")


WHO = {
    "a role": (ROLE, "role `web`\nsession `s`"),
    "a role without session": ({**ROLE, "arn": ROLE["arn"][:-2]}, "role `web`\nsession `-`"),
    "Identity Center's role": (
        {"type": "AssumedRole", "arn": SSO_ARN},
        ":bust_in_silhouette: SSO user `jo@example.com`\npermission set `Admin`",
    ),
    "Identity Center's user": (
        {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "94482488"}},
        ":bust_in_silhouette: SSO user `94482488`",
    ),
    "an IAM user": ({"type": "IAMUser", "userName": "jo"}, "IAM user `jo`"),
    "root": ({"type": "Root"}, "`Root user`"),
    "a service": ({"type": "AWSService", "invokedBy": "x.amazonaws.com"}, "service `x.amazonaws.com`"),
    "another account": (
        {"type": "AWSAccount", "principalId": "AIDAX", "accountId": "444455556666"},
        "account `AIDAX`\n:warning: of another account, `444455556666`",
    ),
    "the same account": ({"type": "IAMUser", "userName": "jo", "accountId": ACCOUNT}, "IAM user `jo`"),
    "go-betweens": (
        {"type": "SAMLUser", "userName": "jo", "identityProvider": "idp", "invokedBy": "x.amazonaws.com"},
        "`SAMLUser` `jo`\nidentity provider `idp`\nthrough `x.amazonaws.com`",
    ),
    "a text": ("AWS Internal", "`AWS Internal`"),
    "no one": (None, "`unknown`"),
    "markup": ({"type": "<!here>", "userName": "<@U0ATTACK>"}, "`<!here>` `<@U0ATTACK>`"),
}


@pytest.mark.parametrize(("identity", "who"), WHO.values(), ids=WHO)
def test_who(identity: object, who: str) -> None:
    """Each kind of identity is shown in the words people use for it, with what is remarkable about it."""
    assert field("Who", userIdentity=identity) == who


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "IP `203.0.113.7`\nclient AWS CLI: `aws-cli/2.24.11`"),
        ({"userAgent": ...}, "IP `203.0.113.7`"),
        ({"sourceIPAddress": None}, "client AWS CLI: `aws-cli/2.24.11`"),
        ({"sourceIPAddress": None, "userAgent": ""}, None),
    ],
)
def test_from(changes: dict[str, Any], text: str | None) -> None:
    """Address and client are shown where the event has them."""
    assert field("From", **changes) == text


def test_on() -> None:
    """What the event was about is shown with its kind, where that is known."""
    parameters = {"bucketName": "a", "name": "b", "functionName": "c"}
    assert field("On", requestParameters=parameters) == "bucket `a`\nfunction `c`\n`b`"
    assert field("On", requestParameters=None) is None


def test_result() -> None:
    """The result says that the call succeeded, or how it did not."""
    assert field("Result") == ":white_check_mark: succeeded"
    assert field("Result", errorCode="AccessDenied") == ":x: *denied* `AccessDenied`"
    assert field("Result", errorCode="Client.DryRunOperation") == (
        ":test_tube: *dry run*, nothing changed `Client.DryRunOperation`"
    )


def test_no_result() -> None:
    """A service event that states no result has none: it is neither a success nor a failure."""
    assert field("Result", eventType="AwsServiceEvent", serviceEventDetails={"keyId": "k"}) is None


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("2026-03-14T09:24:17Z", "2026-03-14 09:24:17 UTC\n<!date^1773480257^"),
        ("yesterday <!here>", "`yesterday <!here>`"),
        (None, "unknown"),
        ("1900-01-01T00:00:00Z", "`1900-01-01T00:00:00Z`"),
        ("9999-01-01T00:00:00Z", "`9999-01-01T00:00:00Z`"),
    ],
)
def test_when(time: str | None, text: str) -> None:
    """A time is shown in UTC and in the reader's zone, and what is not a time as it stands."""
    assert str(field("When", eventTime=time)).startswith(text)


INSIGHT: dict[str, Any] = {
    "state": "Start",
    "insightContext": {
        "statistics": {"insightDuration": 6},
        "attributions": [
            {"attribute": "userIdentityArn", "insight": [{"value": "arn:a"}, {"value": "arn:b"}]},
            {"attribute": "userAgent", "insight": [{"value": "<!channel>"}]},
            {"attribute": "errorCode", "insight": [{"value": "null"}]},
            {"attribute": "something new", "insight": [{"value": "x"}]},
            {"attribute": "userAgent", "insight": []},
            {"attribute": "userAgent"},
            None,
        ],
    },
}


def test_insight() -> None:
    """An Insight shows what most of its calls have in common and how long it went on, instead of an actor."""
    found = [html.unescape(text) for text in shown(insightDetails=INSIGHT)]
    assert found[:3] == ["*Who*\n`arn:a`", "*Client*\n`<!channel>`", "*How long*\n6 minutes"]
    assert [text.split("\n")[0] for text in found[3:]] == ["*When*"]


def test_insight_of_which_nothing_is_known() -> None:
    """An Insight without attributions has a time still."""
    assert [text.split("\n")[0] for text in shown(insightDetails={"state": "End"})] == ["*When*"]


def test_reply() -> None:
    """In a thread, who did what with which result is known already."""
    titles = [text.split("\n")[0] for text in reply_fields(event())]
    assert titles == ["*From*", "*On*", "*When*"]
