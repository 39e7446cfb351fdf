"""The fields of an alert."""

import html
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.render.alert import fields, reply_fields
from support.samples import ACCOUNT, event
from support.slack_markup import assert_all_harmless

SSO_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jo@example.com"
ROLE = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/web/s"}


def shown(**changes: Any) -> dict[str, str]:
    """The labelled lines of an ordinary event with `changes`, checked, as people see them."""
    found = fields(event(**changes))
    assert_all_harmless(found)
    return {label.strip("*"): html.unescape(rest) for label, _, rest in (line.partition("* ") for line in found)}


def field(label: str, **changes: Any) -> str | None:
    """What stands behind a label; None when there is no such line."""
    return shown(**changes).get(label)


WHO = {
    "a role": (ROLE, "role `web` · session `s`"),
    "a role without session": ({**ROLE, "arn": ROLE["arn"][:-2]}, "role `web` · session `-`"),
    "Identity Center's role": (
        {"type": "AssumedRole", "arn": SSO_ARN},
        ":bust_in_silhouette: SSO user `jo@example.com` · permission set `Admin`",
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
        "account `AIDAX` · :warning: of another account, `444455556666`",
    ),
    "the same account": ({"type": "IAMUser", "userName": "jo", "accountId": ACCOUNT}, "IAM user `jo`"),
    "go-betweens": (
        {"type": "SAMLUser", "userName": "jo", "identityProvider": "idp", "invokedBy": "x.amazonaws.com"},
        "`SAMLUser` `jo` · identity provider `idp` · through `x.amazonaws.com`",
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
        ({}, "IP `203.0.113.7` · AWS CLI"),
        ({"userAgent": ...}, "IP `203.0.113.7`"),
        ({"sourceIPAddress": None}, "AWS CLI"),
        ({"userAgent": "curl/8.5.0 <!here>"}, "IP `203.0.113.7` · client `curl/8.5.0 <!here>`"),
        ({"sourceIPAddress": None, "userAgent": ""}, None),
    ],
)
def test_from(changes: dict[str, Any], text: str | None) -> None:
    """Address and client are shown where the event has them."""
    assert field("From", **changes) == text


def test_on() -> None:
    """What the event was about is shown with its kind, where that is known."""
    parameters = {"bucketName": "a", "name": "b", "functionName": "c"}
    assert field("On", requestParameters=parameters) == "bucket `a` · function `c` · `b`"
    assert field("On", requestParameters=None) is None


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("2026-03-14T09:24:17Z", "2026-03-14 09:24:17 UTC · <!date^1773480257^"),
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
    found = shown(insightDetails=INSIGHT)
    assert list(found) == ["Who", "Client", "How long", "When"]
    assert [found[label] for label in ("Who", "Client", "How long")] == ["`arn:a`", "`<!channel>`", "6 minutes"]


def test_insight_of_which_too_much_is_known() -> None:
    """However many attributions an Insight has, the first four are shown."""
    attributions = [{"attribute": "userAgent", "insight": [{"value": f"agent {number}"}]} for number in range(1_000)]
    found = shown(insightDetails={"insightContext": {"attributions": attributions}})
    assert found["Client"] == "`agent 0` · `agent 1` · `agent 2` · `agent 3`"


def test_insight_of_which_nothing_is_known() -> None:
    """An Insight without attributions has a time still."""
    assert list(shown(insightDetails={"state": "End"})) == ["When"]


def test_reply() -> None:
    """In a thread, who did what with which result is known already."""
    assert [line.split("* ")[0] for line in reply_fields(event())] == ["*From", "*On", "*When"]
