"""Secrets by reference, from SSM Parameter Store and Secrets Manager."""

import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from cloudtrail_to_slack import clock
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import ACCOUNT, CHANNEL, KEY, AppEnvironment, record, s3_event
from support.aws_proxy import Answer, AwsProxy, refusal


def _bot_by_reference(app_env: AppEnvironment, name: str, reference: str) -> None:
    app_env.configure(environment={name: reference}, slack={"default_channel_id": CHANNEL})
    app_env.put_log(record())


def test_the_token_comes_from_parameter_store(app_env: AppEnvironment) -> None:
    """A token in an encrypted SSM parameter works like one in the environment, stray whitespace included."""
    app_env.aws("ssm").put_parameter(Name="/slack/token-a", Value=f"{app_env.slack.bot_token}\n", Type="SecureString")
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/slack/token-a")
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_the_token_comes_from_secrets_manager(app_env: AppEnvironment) -> None:
    """A token in Secrets Manager works too, as text or as bytes."""
    secrets = app_env.aws("secretsmanager")
    text = secrets.create_secret(Name="token-text", SecretString=app_env.slack.bot_token)["ARN"]
    binary = secrets.create_secret(Name="token-bytes", SecretBinary=app_env.slack.bot_token.encode())["ARN"]
    for arn in (text, binary):
        _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SECRET_ARN", arn)
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


def test_webhooks_come_by_reference(app_env: AppEnvironment) -> None:
    """The default webhook and the routes may each be a reference."""
    routes = json.dumps([{"accounts": ["111122223333"], "slack_hook_url": app_env.slack.add_webhook("C1")}])
    app_env.aws("ssm").put_parameter(Name="/slack/hook", Value=app_env.slack.add_webhook("C2"), Type="SecureString")
    arn = app_env.aws("secretsmanager").create_secret(Name="routes", SecretString=routes)["ARN"]
    app_env.configure(
        environment={"SLACK_WEBHOOK_URL_SSM_PARAMETER": "/slack/hook", "SLACK_WEBHOOK_ROUTES_SECRET_ARN": arn}
    )
    app_env.put_log(record(), record(recipientAccountId="444455556666"))
    app_env.invoke(s3_event(KEY))
    assert (len(app_env.texts("C1")), len(app_env.texts("C2"))) == (1, 1)


def test_each_routes_webhook_may_be_kept_elsewhere(app_env: AppEnvironment) -> None:
    """In the routes, each webhook may be given itself, by a parameter or by a secret."""
    app_env.aws("ssm").put_parameter(Name="/slack/hook-c2", Value=app_env.slack.add_webhook("C2"), Type="SecureString")
    secret = app_env.aws("secretsmanager").create_secret(Name="hook-c3", SecretString=app_env.slack.add_webhook("C3"))
    routes = [
        {"accounts": ["111122223333"], "slack_hook_url": app_env.slack.add_webhook("C1")},
        {"accounts": ["444455556666"], "slack_hook_url_ssm_parameter": "/slack/hook-c2"},
        {"accounts": ["777788889999"], "slack_hook_url_secret_arn": secret["ARN"]},
    ]
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    app_env.put_log(record(), *(record(recipientAccountId=account) for account in ("444455556666", "777788889999")))
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C1", "C2", "C3")] == [1, 1, 1]


def test_references_to_webhooks_may_stand_in_the_configuration(app_env: AppEnvironment) -> None:
    """`config.json` may say where webhooks are kept; where both name an account, the environment counts."""
    app_env.aws("ssm").put_parameter(Name="/slack/hook-c2", Value=app_env.slack.add_webhook("C2"), Type="SecureString")
    secret = app_env.aws("secretsmanager").create_secret(Name="hook-c3", SecretString=app_env.slack.add_webhook("C3"))
    app_env.configure(
        environment={
            "SLACK_WEBHOOK_ROUTES": json.dumps(
                [{"accounts": ["111122223333"], "slack_hook_url": app_env.slack.add_webhook("C1")}]
            )
        },
        slack_webhook_routes=[
            {"accounts": ["444455556666", "111122223333"], "slack_hook_url_ssm_parameter": "/slack/hook-c2"},
            {"accounts": ["777788889999"], "slack_hook_url_secret_arn": secret["ARN"]},
        ],
    )
    app_env.put_log(record(), *(record(recipientAccountId=account) for account in ("444455556666", "777788889999")))
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C1", "C2", "C3")] == [1, 1, 1]


def test_references_in_the_configuration_are_enough(app_env: AppEnvironment) -> None:
    """400 of them need neither a default webhook nor a route in the environment, and each is read when it is used."""
    app_env.aws("ssm").put_parameter(Name="/slack/hook-9", Value=app_env.slack.add_webhook("C9"), Type="SecureString")
    accounts = [f"{number:012d}" for number in range(400)]
    app_env.configure(
        slack_webhook_routes=[
            {"accounts": [account], "slack_hook_url_ssm_parameter": f"/slack/hook-{int(account)}"}
            for account in accounts
        ]
    )
    app_env.put_log(record(recipientAccountId=accounts[9]))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts("C9")) == 1


@pytest.mark.parametrize("value", [None, "no-address", '{"url": "verysecret"}'])
def test_a_routes_webhook_that_cannot_be_used_is_named_by_its_place(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], value: str | None
) -> None:
    """A webhook that is missing, or no address, fails the invocation; the log names its route and no secret."""
    if value:
        app_env.aws("ssm").put_parameter(Name="/slack/hook-d", Value=value, Type="SecureString")
    routes = [{"accounts": ["111122223333"], "slack_hook_url_ssm_parameter": "/slack/hook-d"}]
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"webhooks?_unreadable"):
        app_env.invoke(s3_event(KEY))
    output = capsys.readouterr().out
    assert "SLACK_WEBHOOK_ROUTES[0].slack_hook_url_ssm_parameter" in output
    assert "verysecret" not in output


def test_a_secret_is_read_once_for_many_invocations(app_env: AppEnvironment) -> None:
    """What was read is kept, so that a secret store that is down for a moment is not noticed."""
    app_env.aws("ssm").put_parameter(Name="/slack/token-b", Value=app_env.slack.bot_token, Type="SecureString")
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/slack/token-b")
    app_env.invoke(s3_event(KEY))
    app_env.aws("ssm").delete_parameter(Name="/slack/token-b")
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


@pytest.mark.parametrize("value", ["not json", '{"accounts": []}', '[{"accounts": ["1"], "slack_hook_url": "hidden"}]'])
def test_webhook_routes_that_cannot_be_used_fail_without_being_quoted(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    """Routes by reference that are wrong fail the invocation; what they hold is not shown."""
    app_env.aws("ssm").put_parameter(Name="/slack/routes", Value=value, Type="SecureString")
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES_SSM_PARAMETER": "/slack/routes"})
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"webhooks?_unreadable"):
        app_env.invoke(s3_event(KEY))
    output = capsys.readouterr().out
    assert "SLACK_WEBHOOK_ROUTES_SSM_PARAMETER" in output
    assert "hidden" not in output


def test_an_empty_secret_fails(app_env: AppEnvironment) -> None:
    """A reference to nothing but whitespace is said to be empty."""
    app_env.aws("ssm").put_parameter(Name="/slack/token-c", Value=" \n ", Type="SecureString")
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/slack/token-c")
    with pytest.raises(InvocationFailedError, match="token_unreadable"):
        app_env.invoke(s3_event(KEY))


class Store:
    """A secret in one of the two stores, and the variable's ending that refers to it."""

    def __init__(self, app_env: AppEnvironment, kind: str, name: str, value: str) -> None:
        self.kind, self.name, self.app_env = kind, name, app_env
        if kind == "ssm":
            self.ending, self.reference = "SSM_PARAMETER", f"/{name}"
            app_env.aws("ssm").put_parameter(Name=self.reference, Value=value, Type="SecureString")
        else:
            secret = app_env.aws("secretsmanager").create_secret(Name=name, SecretString=value)
            self.ending, self.reference = "SECRET_ARN", secret["ARN"]

    def rotate(self, value: str) -> None:
        """Store another value."""
        if self.kind == "ssm":
            self.app_env.aws("ssm").put_parameter(Name=self.reference, Value=value, Type="SecureString", Overwrite=True)
        else:
            self.app_env.aws("secretsmanager").put_secret_value(SecretId=self.reference, SecretString=value)


@pytest.fixture
def lookups(app_env: AppEnvironment) -> Iterator[Callable[[], int]]:
    """Count how often a parameter was looked up."""
    with AwsProxy(app_env.endpoint) as proxy:
        app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", proxy.url)
        yield lambda: proxy.operations("GetParameter")


@pytest.mark.parametrize("kind", ["ssm", "secretsmanager"])
@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed"])
def test_a_rotated_token_is_read_anew_when_slack_refuses_the_old_one(
    app_env: AppEnvironment, kind: str, code: str
) -> None:
    """A token that was rotated since it was read is read again at once, and the alert sent with it."""
    store = Store(app_env, kind, f"rotated-{code}", app_env.slack.bot_token)
    _bot_by_reference(app_env, f"SLACK_BOT_TOKEN_{store.ending}", store.reference)
    app_env.invoke(s3_event(KEY))
    app_env.slack.bot_token = "xoxb-new"
    store.rotate("xoxb-new")
    app_env.slack.fail(SlackError(code))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


def test_a_token_that_stays_refused_is_looked_up_once_more_and_no_oftener(
    app_env: AppEnvironment, lookups: Callable[[], int]
) -> None:
    """With many channels and one token that Slack refuses for good, the secret is looked up twice in all."""
    store = Store(app_env, "ssm", "refused", "xoxb-wrong")
    routes = [{"accounts": [f"{number:012}"], "slack_channel_id": f"C{number}"} for number in range(5)]
    environment = {f"SLACK_BOT_TOKEN_{store.ending}": store.reference}
    app_env.configure(environment=environment, slack={"default_channel_id": CHANNEL, "routes": routes})
    app_env.put_log(*(record(recipientAccountId=f"{number:012}") for number in range(6)))
    with pytest.raises(InvocationFailedError, match="did not reach Slack channel C3: invalid_auth"):
        app_env.invoke(s3_event(KEY))
    assert lookups() == 2


def test_a_secret_that_cannot_be_read_anew_stays_refused(app_env: AppEnvironment) -> None:
    """Where the store is down when Slack refuses a token, the alert fails with what Slack said."""
    store = Store(app_env, "ssm", "gone", app_env.slack.bot_token)
    _bot_by_reference(app_env, f"SLACK_BOT_TOKEN_{store.ending}", store.reference)
    app_env.invoke(s3_event(KEY))
    app_env.slack.revoke_token()
    app_env.aws("ssm").delete_parameter(Name=store.reference)
    with pytest.raises(InvocationFailedError, match="token_revoked"):
        app_env.invoke(s3_event(KEY))


@pytest.mark.parametrize("kind", ["ssm", "secretsmanager"])
def test_a_rotated_webhook_is_looked_up_anew(app_env: AppEnvironment, kind: str) -> None:
    """A default webhook and a route's, both removed and replaced, are looked up again when Slack refuses them."""
    old = {name: app_env.slack.add_webhook("C-old") for name in ("default", "route")}
    stores = {name: Store(app_env, kind, f"hook-{name}", old[name]) for name in old}
    key = f"slack_hook_url_{stores['route'].ending.lower()}"
    routes = [{"accounts": ["111122223333"], key: stores["route"].reference}]
    app_env.configure(
        environment={
            f"SLACK_WEBHOOK_URL_{stores['default'].ending}": stores["default"].reference,
            "SLACK_WEBHOOK_ROUTES": json.dumps(routes),
        }
    )
    app_env.put_log(record(), record(recipientAccountId="444455556666"))
    app_env.invoke(s3_event(KEY))
    for name, store in stores.items():
        app_env.slack.remove_webhook(old[name])
        store.rotate(app_env.slack.add_webhook(f"C-{name}"))
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C-old", "C-default", "C-route")] == [2, 1, 1]


def test_a_webhook_that_was_replaced_in_a_list_kept_elsewhere_is_looked_up_anew(app_env: AppEnvironment) -> None:
    """Where the list of routes itself is a secret, it is read again when Slack refuses a webhook in it."""

    def routes(channel: str) -> tuple[str, str]:
        hook = app_env.slack.add_webhook(channel)
        return hook, json.dumps([{"accounts": ["111122223333"], "slack_hook_url": hook}])

    hook, text = routes("C-old")
    store = Store(app_env, "secretsmanager", "list", text)
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES_SECRET_ARN": store.reference})
    app_env.put_log(record(), record())
    app_env.invoke(s3_event(KEY))
    app_env.slack.remove_webhook(hook)
    with pytest.raises(InvocationFailedError, match=r"the Slack webhook of 111122223333: no_service"):
        app_env.invoke(s3_event(KEY))
    store.rotate("no list")
    for code in ("no_service", "webhooks_unreadable"):
        with pytest.raises(InvocationFailedError, match=code):
            app_env.invoke(s3_event(KEY))
    hook, text = routes("C-new")
    store.rotate(text)
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C-old", "C-new")] == [2, 2]
    app_env.slack.remove_webhook(hook)
    store.rotate("[]")
    with pytest.raises(InvocationFailedError, match="no_service"):
        app_env.invoke(s3_event(KEY))


@pytest.mark.parametrize("form", ['{{"token": "{0}"}}', '"{0}"', ' {{ "a key": " {0} " }}\n'])
def test_a_single_string_in_json_is_the_secret(app_env: AppEnvironment, form: str) -> None:
    """A secret that holds JSON with one string, as the console of Secrets Manager makes it, is that string."""
    arn = Store(app_env, "secretsmanager", "json", form.format(app_env.slack.bot_token)).reference
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SECRET_ARN", arn)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


@pytest.mark.parametrize(
    "value",
    ['{"token": "verysecret", "other": "verysecret"}', '{"token": 7}', '["verysecret"]', "{}", '{"a": {"b": "c"}}'],
)
def test_other_json_is_explained(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], value: str) -> None:
    """A secret that holds other JSON fails, and the log says what to store in its place; it quotes nothing."""
    arn = Store(app_env, "secretsmanager", "other-json", value).reference
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SECRET_ARN", arn)
    with pytest.raises(InvocationFailedError, match="token_unreadable"):
        app_env.invoke(s3_event(KEY))
    output = capsys.readouterr().out
    assert "SLACK_BOT_TOKEN_SECRET_ARN holds JSON: store the plain value, or an object with that value alone" in output
    assert "verysecret" not in output


def test_what_the_store_says_is_logged(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """A parameter that does not exist is said to be missing, in AWS's own word."""
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SSM_PARAMETER", "/nowhere")
    with pytest.raises(InvocationFailedError, match="token_unreadable"):
        app_env.invoke(s3_event(KEY))
    assert "SLACK_BOT_TOKEN_SSM_PARAMETER cannot be read (ParameterNotFound)" in capsys.readouterr().out


@pytest.mark.long_cases
@pytest.mark.parametrize(
    "answer",
    [refusal("ThrottlingException"), refusal("InternalServerError", 500), refusal("TooManyRequests", 429)],
    ids=["throttled", "failed", "too many"],
)
@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_a_secret_that_cannot_be_read_just_now_is_read_again(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], kind: str, answer: Answer
) -> None:
    """While the store is throttled or fails, the alert waits for its own channel: the default one gets nothing."""
    app_env.monkeypatch.setattr(clock, "time", SimpleNamespace(time=time.time, sleep=lambda _seconds: None))
    app_env.monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    app_env.slack.add_channel("C0OWN", "own")
    hook = app_env.slack.add_webhook("C0OWN")
    app_env.aws("ssm").put_parameter(Name="/token", Value=app_env.slack.bot_token, Type="SecureString", Overwrite=True)
    app_env.aws("ssm").put_parameter(Name="/hook", Value=hook, Type="SecureString", Overwrite=True)
    if kind == "bot":
        routes = [{"accounts": [ACCOUNT], "slack_channel_id": "C0OWN"}]
        environment = {"SLACK_BOT_TOKEN_SSM_PARAMETER": "/token"}
        app_env.configure(environment=environment, slack={"default_channel_id": CHANNEL, "routes": routes})
    else:
        routes = [{"accounts": [ACCOUNT], "slack_hook_url_ssm_parameter": "/hook"}]
        default = app_env.slack.add_webhook(CHANNEL)
        app_env.configure(environment={"SLACK_WEBHOOK_URL": default, "SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    app_env.put_log(record())
    answers = iter([answer, answer])
    with AwsProxy(app_env.endpoint) as proxy:
        app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", proxy.url)
        proxy.meet = lambda _operation, _body: next(answers, None)
        app_env.invoke(s3_event(KEY))
    assert (len(app_env.texts("C0OWN")), len(app_env.texts())) == (1, 0)
    assert "at the moment" in capsys.readouterr().out


def test_webhooks_are_looked_up_when_something_is_sent_to_them(
    app_env: AppEnvironment, lookups: Callable[[], int]
) -> None:
    """Of many webhooks kept elsewhere, none is looked up for nothing to send, and only those that are sent to."""
    routes = [{"accounts": [f"{number:012}"], "slack_hook_url_ssm_parameter": f"/hook/{number}"} for number in range(9)]
    for number in range(9):
        app_env.aws("ssm").put_parameter(
            Name=f"/hook/{number}", Value=app_env.slack.add_webhook(f"C{number}"), Type="SecureString"
        )
    app_env.aws("ssm").put_parameter(Name="/hooks", Value=json.dumps(routes), Type="SecureString", Tier="Advanced")
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES_SSM_PARAMETER": "/hooks"})
    app_env.put_log(record(errorCode=None))
    app_env.invoke(s3_event(KEY))
    assert lookups() == 0
    app_env.put_log(*(record(recipientAccountId=f"{number:012}") for number in (3, 5, 3)))
    for _ in range(2):
        app_env.invoke(s3_event(KEY))
    assert lookups() == 3
    assert [len(app_env.texts(f"C{number}")) for number in range(9)] == [0, 0, 0, 4, 0, 2, 0, 0, 0]


def test_sns_keeps_its_default_when_no_webhook_can_be_read(app_env: AppEnvironment) -> None:
    """With webhooks that cannot be read, an alert whose own topic is gone still goes to the default one."""
    default = app_env.make_topic("default")
    gone = default.replace("default", "gone")
    app_env.configure(
        environment={"SLACK_WEBHOOK_ROUTES_SSM_PARAMETER": "/missing"},
        sns={
            "default_topic_arn": default,
            "routes": [{"accounts": ["111122223333"], "sns_topic_arn": gone}],
        },
    )
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match="webhooks_unreadable"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.bodies(default)) == 1


@pytest.mark.parametrize("wrong", ["{}", " ", "two words"])
def test_a_secret_that_was_wrong_is_read_anew(app_env: AppEnvironment, wrong: str) -> None:
    """A secret that holds no token is not kept: once it is put right, the next invocation uses it."""
    store = Store(app_env, "ssm", "wrong", wrong)
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SSM_PARAMETER", store.reference)
    with pytest.raises(InvocationFailedError, match="token_unreadable"):
        app_env.invoke(s3_event(KEY))
    store.rotate(app_env.slack.bot_token)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_a_token_that_stays_refused_is_read_anew_once_an_invocation(app_env: AppEnvironment) -> None:
    """A token that is rotated right after an invocation failed is used by the next one, however soon that comes."""
    store = Store(app_env, "ssm", "rotated-late", "xoxb-revoked")
    _bot_by_reference(app_env, "SLACK_BOT_TOKEN_SSM_PARAMETER", store.reference)
    with pytest.raises(InvocationFailedError, match="invalid_auth"):
        app_env.invoke(s3_event(KEY))
    store.rotate(app_env.slack.bot_token)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1
