"""Secrets by reference, from SSM Parameter Store and Secrets Manager."""

import json

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from support.world import CHANNEL, KEY, World, record, s3_event


def _bot_by_reference(world: World, name: str, reference: str) -> None:
    world.configure(environment={name: reference}, slack={"default_channel_id": CHANNEL})
    world.put_log(record())


def test_the_token_comes_from_parameter_store(world: World) -> None:
    """A token in an encrypted SSM parameter works like one in the environment, stray whitespace included."""
    world.aws("ssm").put_parameter(Name="/slack/token-a", Value=f"{world.slack.bot_token}\n", Type="SecureString")
    _bot_by_reference(world, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/slack/token-a")
    world.invoke(s3_event(KEY))
    assert len(world.texts()) == 1


def test_the_token_comes_from_secrets_manager(world: World) -> None:
    """A token in Secrets Manager works too, as text or as bytes."""
    secrets = world.aws("secretsmanager")
    text = secrets.create_secret(Name="token-text", SecretString=world.slack.bot_token)["ARN"]
    binary = secrets.create_secret(Name="token-bytes", SecretBinary=world.slack.bot_token.encode())["ARN"]
    for arn in (text, binary):
        _bot_by_reference(world, "SLACK_BOT_TOKEN_SECRET_ARN", arn)
        world.invoke(s3_event(KEY))
    assert len(world.texts()) == 2


def test_webhooks_come_by_reference(world: World) -> None:
    """The default webhook and the routes may each be a reference."""
    routes = json.dumps([{"accounts": ["111122223333"], "slack_hook_url": world.slack.add_webhook("C1")}])
    world.aws("ssm").put_parameter(Name="/slack/hook", Value=world.slack.add_webhook("C2"), Type="SecureString")
    arn = world.aws("secretsmanager").create_secret(Name="routes", SecretString=routes)["ARN"]
    world.configure(
        environment={"SLACK_WEBHOOK_URL_SSM_PARAMETER": "/slack/hook", "SLACK_WEBHOOK_ROUTES_SECRET_ARN": arn}
    )
    world.put_log(record(), record(recipientAccountId="444455556666"))
    world.invoke(s3_event(KEY))
    assert (len(world.texts("C1")), len(world.texts("C2"))) == (1, 1)


def test_each_routes_webhook_may_be_kept_elsewhere(world: World) -> None:
    """In the routes, each webhook may be given itself, by a parameter or by a secret."""
    world.aws("ssm").put_parameter(Name="/slack/hook-c2", Value=world.slack.add_webhook("C2"), Type="SecureString")
    secret = world.aws("secretsmanager").create_secret(Name="hook-c3", SecretString=world.slack.add_webhook("C3"))
    routes = [
        {"accounts": ["111122223333"], "slack_hook_url": world.slack.add_webhook("C1")},
        {"accounts": ["444455556666"], "slack_hook_url_ssm_parameter": "/slack/hook-c2"},
        {"accounts": ["777788889999"], "slack_hook_url_secret_arn": secret["ARN"]},
    ]
    world.configure(environment={"SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    world.put_log(record(), *(record(recipientAccountId=account) for account in ("444455556666", "777788889999")))
    world.invoke(s3_event(KEY))
    assert [len(world.texts(channel)) for channel in ("C1", "C2", "C3")] == [1, 1, 1]


@pytest.mark.parametrize("value", [None, "no-address", '{"url": "verysecret"}'])
def test_a_routes_webhook_that_cannot_be_used_is_named_by_its_place(
    world: World, capsys: pytest.CaptureFixture[str], value: str | None
) -> None:
    """A webhook that is missing, or no address, fails the invocation; the log names its route and no secret."""
    if value:
        world.aws("ssm").put_parameter(Name="/slack/hook-d", Value=value, Type="SecureString")
    routes = [{"accounts": ["111122223333"], "slack_hook_url_ssm_parameter": "/slack/hook-d"}]
    world.configure(environment={"SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"webhooks?_unreadable"):
        world.invoke(s3_event(KEY))
    output = capsys.readouterr().out
    assert "SLACK_WEBHOOK_ROUTES[0].slack_hook_url_ssm_parameter" in output
    assert "verysecret" not in output


def test_a_secret_is_read_once_for_many_invocations(world: World) -> None:
    """What was read is kept, so that a secret store that is down for a moment is not noticed."""
    world.aws("ssm").put_parameter(Name="/slack/token-b", Value=world.slack.bot_token, Type="SecureString")
    _bot_by_reference(world, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/slack/token-b")
    world.invoke(s3_event(KEY))
    world.aws("ssm").delete_parameter(Name="/slack/token-b")
    world.invoke(s3_event(KEY))
    assert len(world.texts()) == 2


@pytest.mark.parametrize("value", ["not json", '{"accounts": []}', '[{"accounts": ["1"], "slack_hook_url": "hidden"}]'])
def test_webhook_routes_that_cannot_be_used_fail_without_being_quoted(
    world: World, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    """Routes by reference that are wrong fail the invocation; what they hold is not told."""
    world.aws("ssm").put_parameter(Name="/slack/routes", Value=value, Type="SecureString")
    world.configure(environment={"SLACK_WEBHOOK_ROUTES_SSM_PARAMETER": "/slack/routes"})
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"webhooks?_unreadable"):
        world.invoke(s3_event(KEY))
    output = capsys.readouterr().out
    assert "SLACK_WEBHOOK_ROUTES_SSM_PARAMETER" in output
    assert "hidden" not in output


def test_an_empty_secret_fails(world: World) -> None:
    """A reference to nothing but whitespace is said to be empty."""
    world.aws("ssm").put_parameter(Name="/slack/token-c", Value=" \n ", Type="SecureString")
    _bot_by_reference(world, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/slack/token-c")
    with pytest.raises(InvocationFailedError, match="token_unreadable"):
        world.invoke(s3_event(KEY))
