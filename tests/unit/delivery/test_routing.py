"""Where an alert goes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cloudtrail_to_slack.config.routes import Route, Routes
from cloudtrail_to_slack.config.secrets import SecretReader, SecretSource
from cloudtrail_to_slack.config.webhooks import Webhooks
from cloudtrail_to_slack.delivery.routing import Router, Target
from cloudtrail_to_slack.destinations.slack.webhook import SlackWebhook
from cloudtrail_to_slack.errors import DestinationMisconfiguredError

NAMED, OTHER = "111111111111", "222222222222"
SLACK = Routes("C-default", (Route((NAMED,), "C-named"),))
SNS = Routes("topic-default", (Route((NAMED,), "topic-named"),))


class Place:
    """A destination, as far as routing knows it."""

    def __init__(self, routes: Routes | Callable[[], Routes], *, receives_notices: bool) -> None:
        self.receives_notices = receives_notices
        self.routes = routes if callable(routes) else lambda: routes

    def describe(self, address: str) -> str:
        """Name it."""
        return f"place {address}"


def router(slack: Routes | Callable[[], Routes] | None, sns: Routes | None = None) -> Router:
    """Return a router of what is configured."""
    places: dict[str, Any] = {}
    if slack is not None:
        places["slack"] = Place(slack, receives_notices=True)
    if sns is not None:
        places["sns"] = Place(sns, receives_notices=False)
    return Router(places)


def channel(address: str) -> Target:
    """A Slack channel."""
    return Target("slack", address)


def topic(address: str) -> Target:
    """A topic."""
    return Target("sns", address)


@pytest.mark.parametrize(
    ("account", "slack", "topic_arn"),
    [
        (NAMED, "C-named", "topic-named"),
        (OTHER, "C-default", "topic-default"),
        (None, "C-default", "topic-default"),
    ],
)
def test_slack_and_sns(account: str | None, slack: str, topic_arn: str) -> None:
    """An alert goes to every destination, each by its own route or default."""
    assert router(SLACK, SNS).targets(account) == [channel(slack), topic(topic_arn)]


@pytest.mark.parametrize(
    ("slack", "sns", "targets"),
    [
        (Routes(None, (Route((NAMED,), "C-named"),)), SNS, [topic("topic-default")]),
        (SLACK, Routes(None, (Route((NAMED,), "topic-named"),)), [channel("C-default")]),
        (Routes(None, (Route((NAMED,), "C-named"),)), None, []),
    ],
)
def test_without_a_default(slack: Routes, sns: Routes | None, targets: list[Target]) -> None:
    """An account that nothing names goes only if there is a default, which may be nowhere."""
    assert router(slack, sns).targets(OTHER) == targets


def test_without_slack() -> None:
    """Without Slack an alert goes to SNS alone."""
    assert router(None, SNS).targets(NAMED) == [topic("topic-named")]


def test_unreadable_routes() -> None:
    """Where a destination's routes cannot be read, all for it has an error; no other is held up."""

    def unreadable() -> Routes:
        raise DestinationMisconfiguredError("webhooks_unreadable")

    routes = router(unreadable, SNS)
    broken = Target("slack", "", "webhooks_unreadable")
    assert routes.targets(OTHER) == [broken, topic("topic-default")]
    assert routes.notice_targets(None) == [broken]
    assert routes.fallback(topic("topic-named")) == topic("topic-default")
    assert (routes.fallback(broken), routes.accounts(broken)) == (None, [])


def test_the_routes_are_read_when_they_are_needed() -> None:
    """Routes are read once, for the first alert, and not at all if there is none."""
    loads: list[int] = []

    def load() -> Routes:
        loads.append(1)
        return SLACK

    routes = router(load, SNS)
    assert loads == []
    assert [target.address for account in (NAMED, OTHER) for target in routes.targets(account)][::2] == [
        "C-named",
        "C-default",
    ]
    assert loads == [1]


def webhook(default: str, by_account: dict[str, str]) -> SlackWebhook:
    """Return the destination of some webhooks."""
    routes = [{"accounts": [account], "slack_hook_url": address} for account, address in by_account.items()]
    listed = SecretSource("SLACK_WEBHOOK_ROUTES", "environment", json.dumps(routes))
    reader = SecretReader(None)  # type: ignore[arg-type]  # all is in the environment
    webhooks = Webhooks(reader, SecretSource("U", "environment", default), listed)
    return SlackWebhook(webhooks, 20)


def test_what_a_webhook_is_called() -> None:
    """A webhook goes by its accounts, for its address is a secret."""
    accounts = [f"{number:012}" for number in range(5)]
    slack = webhook("https://default/verysecret", dict.fromkeys(accounts, "https://routed/verysecret"))
    routes = Router({"slack_webhook": slack})
    assert routes.describe(routes.targets(None)[0]) == "the default Slack webhook"
    assert routes.describe(routes.targets(accounts[0])[0]) == (
        "the Slack webhook of 000000000000, 000000000001, 000000000002 and 2 more"
    )
    assert routes.describe(Target("slack_webhook", "", "webhooks_unreadable")) == "Slack webhook"


@pytest.mark.parametrize(("account", "slack"), [(NAMED, "C-named"), (OTHER, "C-default"), (None, "C-default")])
def test_notices(account: str | None, slack: str) -> None:
    """A notice goes only to destinations that receive notices."""
    assert router(SLACK, SNS).notice_targets(account) == [channel(slack)]


def test_notices_without_a_receiver() -> None:
    """A notice goes to the others where no destination receives notices."""
    assert router(None, SNS).notice_targets(OTHER) == [topic("topic-default")]


def test_notices_without_a_default() -> None:
    """A notice that no route and no default takes goes to any route there is, so that it is not lost."""
    assert router(Routes(None, (Route((NAMED,), "C-named"),))).notice_targets(OTHER) == [channel("C-named")]
    assert router(None, Routes(None, (Route((NAMED,), "topic-named"),))).notice_targets(None) == [topic("topic-named")]


def test_notices_with_nowhere_to_go() -> None:
    """If there is no route at all, a notice goes nowhere."""
    assert router(None).notice_targets(None) == []
    assert router(Routes()).notice_targets(None) == []


def test_repr_hides_webhooks() -> None:
    """Neither a router's nor a target's repr shows a webhook's address, which is a secret."""
    routes = Router({"slack_webhook": webhook("https://hooks.slack.com/verysecret", {})})
    assert "verysecret" not in f"{routes!r}{routes.targets(None)!r}"
