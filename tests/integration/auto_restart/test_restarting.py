"""A trail that someone stops is started again, and Slack is notified."""

import json

import pytest

from cloudtrail_to_slack.auto_restart import handler
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack.faults import SlackError
from support.app_environment import CHANNEL, Context
from support.aws_proxy import refusal
from support.restart_environment import ACCOUNT, NOON, OTHER_ACCOUNT, RestartEnvironment, envelope


def test_a_stopped_trail_is_started_again(restart: RestartEnvironment) -> None:
    """The trail logs again, and Slack shows which trail, who stopped it, from where, when, and what was done."""
    restart.trail()
    assert restart.handle(envelope()) == "restarted"
    assert restart.logs()
    (message,) = restart.app_env.slack.messages(CHANNEL)
    shown = json.dumps(message.blocks)
    for reported in (
        "the-trail",
        "Admin/mallory",
        "203.0.113.7",
        "2026-03-14 12:00:00 UTC",
        "start 1 of at most 3",
        ACCOUNT,
    ):
        assert reported in shown
        assert reported in message.text
    assert "is on again" in message.text
    assert "start-logging" not in shown


def test_it_runs_as_lambda_runs_it(restart: RestartEnvironment) -> None:
    """The handler reads its settings from the environment and its time from Lambda's context."""
    restart.trail()
    assert handler.lambda_handler(envelope(), Context()) == {"action": "restarted"}
    assert restart.logs()


@pytest.mark.parametrize("named", ["the-trail", f"arn:aws:cloudtrail:us-east-2:{ACCOUNT}:trail/the-trail"])
@pytest.mark.parametrize("multi_region", [True, False])
def test_a_trail_is_started_in_its_own_region(restart: RestartEnvironment, named: str, *, multi_region: bool) -> None:
    """By name it is one of the region the call was made in, by ARN one of the ARN's; there it is started."""
    restart.trail(region="us-east-2", multi_region=multi_region)
    if not multi_region:  # it has its shadow in each region
        restart.trail(region="eu-west-1")
    by_name = named == "the-trail"
    assert restart.handle(envelope(named, awsRegion="us-east-2" if by_name else "eu-west-1")) == "restarted"
    assert restart.logs(region="us-east-2")
    assert restart.logs(region="eu-west-1") == multi_region


def test_a_trail_that_logs_is_started_to_be_sure(restart: RestartEnvironment) -> None:
    """Where someone was quicker the trail is started anyway, nothing is counted, and Slack says so."""
    restart.trail()
    restart.handle(envelope())
    assert restart.handle(restart.stopped()) == "already_logging"
    assert restart.started() == 2
    assert "started anyway, to be sure" in restart.texts()[-1]
    restart.stop()
    restart.handle(restart.stopped())
    assert "start 2 of at most 3" in restart.texts()[-1]


@pytest.mark.parametrize(
    ("listed", "named", "action"),
    [
        (f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/the-trail", "the-trail", "restarted"),
        (f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/the-trail", "the-trail", "restarted"),
        (f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/the-trail", "the-trail", "not_permitted"),
        (f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/other", "the-trail", "not_permitted"),
        (f"arn:aws:cloudtrail:*:{OTHER_ACCOUNT}:trail/*", "the-trail", "not_permitted"),
        (f"arn:aws-cn:cloudtrail:*:{ACCOUNT}:trail/*", "the-trail", "not_permitted"),
    ],
)
def test_only_the_trails_named_are_started(restart: RestartEnvironment, listed: str, named: str, action: str) -> None:
    """What is not on the list is reported, with the command to start it, and not touched."""
    restart.trail()
    restart.configure(RESTART_TRAILS=json.dumps(["arn:aws:cloudtrail:*:123456789012:trail/first", listed]))
    assert restart.handle(envelope(named)) == action
    assert restart.logs() == (action == "restarted")
    assert restart.started() == int(action == "restarted")
    shown = json.dumps(restart.app_env.slack.messages(CHANNEL)[0].blocks)
    assert ("aws cloudtrail start-logging --name arn:aws:cloudtrail:eu-west-1" in shown) == (action == "not_permitted")


def test_an_organizations_trail_belongs_to_another_account(restart: RestartEnvironment) -> None:
    """A trail of the management account is reported, with whose it is and who can start it, and not touched."""
    assert restart.handle(envelope(f"arn:aws:cloudtrail:eu-west-1:{OTHER_ACCOUNT}:trail/all")) == "not_permitted"
    assert restart.aws_proxy.operations("GetTrailStatus") == 0
    (text,) = restart.texts()
    assert f"belongs to account {OTHER_ACCOUNT}" in text
    assert "delegated administrator" in text


def test_a_delegated_administrator_names_the_trail_by_its_arn(restart: RestartEnvironment) -> None:
    """A listed trail of another account is asked for by its ARN, and what CloudTrail says to that is reported."""
    arn = f"arn:aws:cloudtrail:eu-west-1:{OTHER_ACCOUNT}:trail/all"
    restart.configure(RESTART_TRAILS=json.dumps([arn]))
    restart.aws_proxy.meet = lambda operation, _: (
        (200, {"IsLogging": False}) if operation == "GetTrailStatus" else
        refusal("NotOrganizationMasterAccountException") if operation == "StartLogging" else None
    )  # fmt: skip
    assert restart.handle(envelope(arn)) == "failed"
    asked = [
        body["Name"] for operation, body in restart.aws_proxy.seen if operation in ("GetTrailStatus", "StartLogging")
    ]
    assert asked == [arn, arn]
    assert "only the management account may start" in restart.texts()[0]
    assert f"belongs to account {OTHER_ACCOUNT}" in restart.texts()[0]


def test_the_webhook_speaks_where_there_is_no_bot(restart: RestartEnvironment) -> None:
    """Without a bot the default webhook gets the report, given itself or by reference."""
    restart.trail()
    restart.configure(SLACK_BOT_TOKEN=None, SLACK_WEBHOOK_URL=restart.app_env.slack.add_webhook("C0HOOK"))
    restart.handle(envelope())
    restart.app_env.aws("ssm").put_parameter(
        Name="/hook", Value=restart.app_env.slack.add_webhook("C0HOOK"), Type="SecureString"
    )
    restart.configure(SLACK_BOT_TOKEN=None, SLACK_WEBHOOK_URL=None, SLACK_WEBHOOK_URL_SSM_PARAMETER="/hook")
    restart.stop()
    restart.handle(envelope())
    assert len(restart.texts("C0HOOK")) == 2


@pytest.mark.parametrize("value", [None, "no-address"])
def test_a_webhook_that_cannot_be_used_fails_the_invocation(restart: RestartEnvironment, value: str | None) -> None:
    """A webhook that is missing or no address does not keep the trail from being started, and Lambda tries again."""
    restart.trail()
    if value:
        restart.app_env.aws("ssm").put_parameter(Name="/bad-hook", Value=value, Type="SecureString")
    restart.configure(SLACK_BOT_TOKEN=None, SLACK_WEBHOOK_URL_SSM_PARAMETER="/bad-hook")
    with pytest.raises(InvocationFailedError, match=r"the notice did not reach Slack .webhook_unreadable"):
        restart.handle(envelope())
    assert restart.logs()


def test_what_slack_rejects_is_reported_as_text(restart: RestartEnvironment) -> None:
    """Blocks that Slack refuses are posted as plain text with the same facts."""
    restart.trail()
    restart.app_env.slack.fail(SlackError("invalid_blocks"))
    restart.handle(envelope())
    (message,) = restart.app_env.slack.messages(CHANNEL)
    assert message.blocks == []
    assert "Admin/mallory from 203.0.113.7" in message.text


def test_a_late_event_finds_a_trail_as_it_is(restart: RestartEnvironment) -> None:
    """However late an event comes, the trail's state decides."""
    restart.trail()
    restart.now = NOON + 20 * 3600
    assert restart.handle(envelope()) == "restarted"
    restart.stop()
    restart.handle(restart.stopped())
    assert restart.handle(envelope(eventTime="2026-03-13T00:00:00Z")) == "already_logging"
