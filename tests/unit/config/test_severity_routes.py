"""Routes for severe alerts: they go before the others, and nothing else changes."""

from typing import Any

import pytest

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.rules import Severity

A, B = "111111111111", "222222222222"
ROUTES = [
    {"accounts": [A], "slack_channel_id": "C-A"},
    {"accounts": ["*"], "slack_channel_id": "C-CRITICAL", "min_severity": "Critical"},
    {"accounts": [A], "slack_channel_id": "C-A-HIGH", "min_severity": "high"},
]


def routes(*given: dict[str, Any], default: str | None = "C-DEFAULT") -> Routes:
    """The bot's routes of a configuration without faults."""
    config, faults = read_config({"slack": {"default_channel_id": default, "routes": list(given)}})
    assert faults == []
    return config.slack


@pytest.mark.parametrize(
    ("account", "severity", "channel"),
    [
        (A, Severity.CRITICAL, "C-CRITICAL"),
        (A, Severity.HIGH, "C-A-HIGH"),
        (A, Severity.MEDIUM, "C-A"),
        (A, None, "C-A"),
        (B, Severity.CRITICAL, "C-CRITICAL"),
        (B, Severity.HIGH, "C-DEFAULT"),
        (None, Severity.CRITICAL, "C-CRITICAL"),
        (None, Severity.HIGH, "C-DEFAULT"),
    ],
)
def test_the_first_route_that_takes_the_severity(account: str | None, severity: Severity | None, channel: str) -> None:
    """Routes for severe alerts come first, in order; then the account's route, then the default."""
    assert routes(*ROUTES).for_account(account, severity) == channel


def test_all_addresses_are_known() -> None:
    """What asks for every address, such as the check of permissions, gets those of severe alerts too."""
    found = routes(*ROUTES)
    assert found.addresses() == ["C-DEFAULT", "C-A", "C-CRITICAL", "C-A-HIGH"]
    assert (found.accounts("C-A-HIGH"), found.accounts("C-CRITICAL"), found.accounts("C-A")) == ([A], [], [A])


def test_routes_for_severe_alerts_alone_are_routes() -> None:
    """Without a default, milder alerts go nowhere, and notices to any route."""
    found = routes(ROUTES[1], default=None)
    assert found
    assert found.for_account(A, Severity.HIGH) is None
    assert found.any(A) == "C-CRITICAL"


@pytest.mark.parametrize(
    ("route", "problem"),
    [
        ({"min_severity": "loud"}, "slack.routes[0].min_severity: must be one of info"),
        ({"min_severity": 5}, "slack.routes[0].min_severity: must be a string"),
        ({"accounts": ["*"]}, "slack.routes[0].accounts: has '*', and an account has 12 digits"),
        ({"accounts": ["**"], "min_severity": "high"}, "slack.routes[0].accounts: has '**'"),
    ],
)
def test_what_is_wrong_with_a_route(route: dict[str, Any], problem: str) -> None:
    """A wrong severity is a fault, and all accounts can only be named with a severity."""
    _, faults = read_config({"slack": {"routes": [{"accounts": [A], "slack_channel_id": "C", **route}]}})
    assert any(problem in str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("account", "severity", "group"),
    [
        (A, Severity.CRITICAL, "S0CRITICAL"),
        (B, Severity.CRITICAL, "S0CRITICAL"),
        (A, Severity.HIGH, None),
        (A, Severity.LOW, "S0AAAA"),
        (B, Severity.LOW, None),
        (None, Severity.LOW, None),
    ],
)
def test_the_mention_is_that_of_the_route_taken(account: str | None, severity: Severity, group: str | None) -> None:
    """An alert mentions the user group of the route that takes it, and no other route's."""
    given = [
        {**ROUTES[0], "mention": "S0AAAA"},
        {**ROUTES[1], "mention": "S0CRITICAL"},
        ROUTES[2],
        {**ROUTES[0], "mention": "S0SECOND"},
    ]
    assert routes(*given).mention(account, severity) == group


@pytest.mark.parametrize(
    "group",
    ["oncall", "@oncall", "<!subteam^S0123456789>", "U0123456789", "S", "s0123456789", "S0123456789\n<!channel>"],
)
def test_only_the_id_of_a_user_group_can_be_mentioned(group: str) -> None:
    """A name, a user or markup is a fault that says what an id looks like."""
    _, faults = read_config({"slack": {"routes": [{"accounts": [A], "slack_channel_id": "C", "mention": group}]}})
    assert "slack.routes[0].mention: must be the ID of a Slack user group" in "\n".join(map(str, faults))


def test_topics_mention_nothing() -> None:
    """A mention is Slack's, so a route to a topic has none."""
    route = {"accounts": [A], "sns_topic_arn": "arn:aws:sns:eu-west-1:111111111111:t", "mention": "S0123456789"}
    _, faults = read_config({"sns": {"routes": [route]}})
    assert "sns.routes[0].mention: is not a known key" in "\n".join(map(str, faults))


def test_null_is_no_severity() -> None:
    """Terraform writes null for what is not given."""
    assert routes({"accounts": [A], "slack_channel_id": "C-A", "min_severity": None}).for_account(A) == "C-A"
