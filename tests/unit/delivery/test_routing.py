"""Where an alert goes."""

import pytest

from cloudtrail_to_slack.config.loader import Routes
from cloudtrail_to_slack.delivery.routing import Kind, Router, Target

NAMED, OTHER = "111111111111", "222222222222"
SLACK = Routes("C-default", {NAMED: "C-named"})
SNS = Routes("topic-default", {NAMED: "topic-named"})
NOWHERE = Routes()


def app(address: str) -> Target:
    """A channel of the bot."""
    return Target(Kind.SLACK_APP, address)


def topic(address: str) -> Target:
    """A topic."""
    return Target(Kind.SNS, address)


@pytest.mark.parametrize(
    ("account", "channel", "topic_arn"),
    [
        (NAMED, "C-named", "topic-named"),
        (OTHER, "C-default", "topic-default"),
        (None, "C-default", "topic-default"),
    ],
)
def test_slack_and_sns(account: str | None, channel: str, topic_arn: str) -> None:
    """An alert goes to Slack and to SNS, each by its own route or default."""
    assert Router(Kind.SLACK_APP, lambda: SLACK, SNS).targets(account) == [app(channel), topic(topic_arn)]


@pytest.mark.parametrize(
    ("slack", "sns", "targets"),
    [
        (Routes(None, {NAMED: "C-named"}), SNS, [topic("topic-default")]),
        (SLACK, Routes(None, {NAMED: "topic-named"}), [app("C-default")]),
        (Routes(None, {NAMED: "C-named"}), NOWHERE, []),
    ],
)
def test_without_a_default(slack: Routes, sns: Routes, targets: list[Target]) -> None:
    """An account that nothing names goes only where there is a default, which may be nowhere."""
    assert Router(Kind.SLACK_APP, lambda: slack, sns).targets(OTHER) == targets


def test_without_slack() -> None:
    """Without Slack an alert goes to SNS alone, though routes for Slack are configured."""
    assert Router(None, lambda: SLACK, SNS).targets(NAMED) == [topic("topic-named")]


def test_kind_of_slack() -> None:
    """The router says whether an address is a channel or a webhook."""
    assert [target.kind for target in Router(Kind.SLACK_WEBHOOK, lambda: SLACK, NOWHERE).targets(None)] == [
        Kind.SLACK_WEBHOOK
    ]


def test_unreadable_webhooks() -> None:
    """When the routes of Slack are not known, everything for Slack has a fault; SNS is not held up, nor its default."""
    router = Router(Kind.SLACK_WEBHOOK, lambda: None, SNS)
    broken = Target(Kind.SLACK_WEBHOOK, "", "webhooks_unreadable")
    assert router.targets(OTHER) == [broken, topic("topic-default")]
    assert router.notice_targets(None) == [broken]
    assert router.fallback(topic("topic-named")) == topic("topic-default")
    assert (router.fallback(broken), router.describe(broken)) == (None, "slack_webhook")


def test_the_routes_of_slack_are_read_when_they_are_needed() -> None:
    """Routes are read once, for the first alert, and not at all where there is none."""
    loads: list[int] = []

    def load() -> Routes:
        loads.append(1)
        return SLACK

    router = Router(Kind.SLACK_WEBHOOK, load, SNS)
    assert loads == []
    assert [target.address for account in (NAMED, OTHER) for target in router.targets(account)][::2] == [
        "C-named",
        "C-default",
    ]
    assert loads == [1]


def test_what_a_destination_is_called() -> None:
    """Logs and errors name a channel and a topic; a webhook goes by its accounts, for its address is a secret."""
    accounts = [f"{number:012}" for number in range(5)]
    webhooks = Routes("https://default/verysecret", dict.fromkeys(accounts, "https://routed/verysecret"))
    app_router, router = Router(Kind.SLACK_APP, lambda: SLACK, SNS), Router(Kind.SLACK_WEBHOOK, lambda: webhooks, SNS)
    assert [app_router.describe(target) for target in app_router.targets(NAMED)] == [
        "slack_app C-named",
        "sns topic-named",
    ]
    assert router.describe(router.targets(None)[0]) == "slack_webhook (the default)"
    assert router.describe(router.targets(accounts[0])[0]) == (
        "slack_webhook (the route of 000000000000, 000000000001, 000000000002 and 2 more)"
    )


@pytest.mark.parametrize(("account", "channel"), [(NAMED, "C-named"), (OTHER, "C-default"), (None, "C-default")])
def test_notices(account: str | None, channel: str) -> None:
    """A notice goes to Slack alone where there is Slack."""
    assert Router(Kind.SLACK_APP, lambda: SLACK, SNS).notice_targets(account) == [app(channel)]


def test_notices_without_slack() -> None:
    """A notice goes to SNS where there is no Slack."""
    assert Router(None, lambda: NOWHERE, SNS).notice_targets(OTHER) == [topic("topic-default")]


def test_notices_without_a_default() -> None:
    """A notice that no route and no default takes goes to any route there is, for somebody must hear of it."""
    assert Router(Kind.SLACK_APP, lambda: Routes(None, {NAMED: "C-named"}), NOWHERE).notice_targets(OTHER) == [
        app("C-named")
    ]
    assert Router(None, lambda: NOWHERE, Routes(None, {NAMED: "topic-named"})).notice_targets(None) == [
        topic("topic-named")
    ]


def test_notices_with_nowhere_to_go() -> None:
    """Where there is no route at all, a notice goes nowhere."""
    assert Router(None, lambda: NOWHERE, NOWHERE).notice_targets(None) == []


def test_repr_hides_webhooks() -> None:
    """Neither a router's nor a target's repr shows a webhook's address, which is a secret."""
    router = Router(Kind.SLACK_WEBHOOK, lambda: Routes("https://hooks.slack.com/verysecret"), NOWHERE)
    assert "verysecret" not in f"{router!r}{router.targets(None)!r}"
