"""Everything that is set: the file and the environment, checked together."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.config.environment import DEFAULT_SLACK_API_URL
from cloudtrail_to_slack.config.routes import Route, parse_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretSource
from cloudtrail_to_slack.config.settings import DEFAULT_CONFIG_PATH, Settings, read_settings
from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack.rules.packs import default_rules
from support.strategies import json_values

TOKEN = "xoxb-0-verysecret"
WEBHOOK = "https://hooks.slack.com/services/T0/B0/verysecret"
ROUTES = json.dumps([{"accounts": ["111111111111"], "slack_hook_url": WEBHOOK}])
CHANNEL = {"slack": {"default_channel_id": "C1"}}
TOPIC = {"sns": {"default_topic_arn": "arn:aws:sns:eu-west-1:111122223333:alerts"}}


def read(tmp_path: Path, config: object = None, **environment: str) -> Settings:
    """Settings of a `config.json` and an environment."""
    path = tmp_path / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config or {}))
    return read_settings({"CONFIG_PATH": str(path), **environment})


def faults_of(tmp_path: Path, config: object = None, **environment: str) -> list[str]:
    """The issues of such settings."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, config, **environment)
    assert "verysecret" not in str(caught.value)
    return [str(fault) for fault in caught.value.issues]


def test_bot(tmp_path: Path) -> None:
    """A bot's settings are a token, a default channel, a table and an address of Slack's."""
    found = read(
        tmp_path,
        CHANNEL,
        SLACK_BOT_TOKEN=TOKEN,
        DYNAMODB_TABLE_NAME=" table ",
        SLACK_API_URL="http://localhost:1/api",
        LOG_LEVEL="debug",
    )
    assert found.slack_bot_token is not None
    assert found.slack_bot_token.reference == TOKEN
    assert (found.table_name, found.slack_api_url, found.log_level) == ("table", "http://localhost:1/api/", "DEBUG")
    assert found.config.slack.default == "C1"


def test_defaults(tmp_path: Path) -> None:
    """What is not set has its default; an empty table name is not a table."""
    found = read(tmp_path, TOPIC, DYNAMODB_TABLE_NAME="", LOG_LEVEL=" ", SLACK_API_URL="")
    assert (found.table_name, found.slack_api_url, found.log_level) == (None, DEFAULT_SLACK_API_URL, "INFO")
    assert (found.slack_bot_token, found.slack_webhook_url, found.slack_webhook_routes) == (None, None, None)


@pytest.mark.parametrize(
    "environment",
    [
        {"SLACK_WEBHOOK_URL": WEBHOOK},
        {"SLACK_WEBHOOK_ROUTES": ROUTES},
        {"SLACK_WEBHOOK_URL_SSM_PARAMETER": "/slack/webhook"},
        {"SLACK_WEBHOOK_ROUTES_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:x"},
    ],
    ids=list,
)
def test_webhooks_alone_are_enough(tmp_path: Path, environment: dict[str, str]) -> None:
    """A webhook or routes of webhooks, given or referred to, is a destination."""
    found = read(tmp_path, {}, **environment)
    assert found.slack_webhook_url or found.slack_webhook_routes


def test_the_file_stands_next_to_the_package() -> None:
    """Without CONFIG_PATH the configuration is looked for where the zip has it: next to the package."""
    assert DEFAULT_CONFIG_PATH.name == "config.json"
    assert (DEFAULT_CONFIG_PATH.parent / "cloudtrail_to_slack" / "handler.py").is_file()


def test_the_functions_own_name(tmp_path: Path) -> None:
    """Lambda gives the function's name, which two default rules need."""
    found = read(tmp_path, TOPIC, AWS_LAMBDA_FUNCTION_NAME="alerter")
    assert found.config.function_name == "alerter"
    assert found.config.rules == default_rules("alerter")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Settings without any destination are a fault that says what to set."""
    (fault,) = faults_of(tmp_path)
    assert "set a Slack bot token, a Slack webhook or an SNS topic" in fault


def test_bot_without_a_channel(tmp_path: Path) -> None:
    """A bot without a default channel is a fault, whatever routes there are."""
    routes = {"slack": {"routes": [{"accounts": ["111111111111"], "slack_channel_id": "C2"}]}}
    (fault,) = faults_of(tmp_path, routes, SLACK_BOT_TOKEN=TOKEN)
    assert fault.startswith("slack.default_channel_id: is missing")


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "log level that logs all": ({"LOG_LEVEL": "NOTSET"}, "LOG_LEVEL: must be one of DEBUG, INFO"),
    "log level": ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: must be one of DEBUG, INFO"),
    "Slack's address": ({"SLACK_API_URL": "slack.com"}, "SLACK_API_URL: is not an http(s) address"),
    "webhook": ({"SLACK_WEBHOOK_URL": "verysecret"}, "SLACK_WEBHOOK_URL: is not an http(s) address"),
    "webhook twice": (
        {"SLACK_WEBHOOK_URL": WEBHOOK, "SLACK_WEBHOOK_URL_SSM_PARAMETER": "/x"},
        "SLACK_WEBHOOK_URL: is given more than once",
    ),
    "routes": ({"SLACK_WEBHOOK_ROUTES": "verysecret"}, "SLACK_WEBHOOK_ROUTES: is not JSON"),
    "routes of another type": ({"SLACK_WEBHOOK_ROUTES": '"verysecret"'}, "SLACK_WEBHOOK_ROUTES: must be a list"),
}


@pytest.mark.parametrize(("environment", "fault"), WRONG.values(), ids=WRONG)
def test_wrong_environment(tmp_path: Path, environment: dict[str, str], fault: str) -> None:
    """Each wrong variable is one fault, which names it and keeps its secret."""
    (found,) = faults_of(tmp_path, TOPIC, **environment)
    assert found.startswith(fault)


def test_faults_of_file_and_environment_come_together(tmp_path: Path) -> None:
    """Faults of the file and of the environment are reported at once."""
    found = faults_of(tmp_path, {"rules": ["event["], "x": 1}, LOG_LEVEL="loud", SLACK_API_URL="x")
    names = ["x", "SLACK_API_URL", "LOG_LEVEL", "destinations", "rules[0]"]
    assert [fault.split(": ")[0] for fault in found] == names


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "is not JSON (line 1)"), ("", "is not JSON (line 1)"), ("[" * 100_000, "is not JSON"), ("[]", "be an obje")],
    ids=["cut", "empty", "deep", "list"],
)
def test_unreadable_file(tmp_path: Path, text: str, problem: str) -> None:
    """A file that is not a JSON object is a fault, and no traceback."""
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_settings({"CONFIG_PATH": str(path), "SLACK_WEBHOOK_URL": WEBHOOK})
    assert problem in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is a fault that says where it was looked for and what to set."""
    with pytest.raises(ConfigurationError, match="set CONFIG_PATH") as caught:
        read_settings({"CONFIG_PATH": str(tmp_path / "none.json")})
    assert str(tmp_path / "none.json") in str(caught.value)


def test_missing_file_hides_no_other_fault(tmp_path: Path) -> None:
    """What is wrong in the environment is reported also when the file cannot be read."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings({"CONFIG_PATH": str(tmp_path / "none.json"), "LOG_LEVEL": "loud"})
    assert "LOG_LEVEL" in [fault.path for fault in caught.value.issues]


def test_secrets_stay_out_of_repr(tmp_path: Path) -> None:
    """The repr of settings shows no secret."""
    environment = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_WEBHOOK_URL": WEBHOOK, "SLACK_WEBHOOK_ROUTES": ROUTES}
    assert "verysecret" not in repr(read(tmp_path, CHANNEL, **environment))
    assert "verysecret" not in repr(parse_webhook_routes(ROUTES, "R"))


def test_parse_webhook_routes() -> None:
    """Routes of webhooks are JSON in a variable or a secret."""
    source = SecretSource("R[0].slack_hook_url", "environment", WEBHOOK)
    assert parse_webhook_routes(ROUTES, "R") == ([(Route(("111111111111",), WEBHOOK), source)], [])


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, WEBHOOK])
def test_webhook_routes_that_are_no_json(text: str) -> None:
    """What is not JSON is a fault that quotes nothing."""
    routes, issues = parse_webhook_routes(text, "R")
    assert routes == []
    assert [str(fault) for fault in issues] == ["R: is not JSON"]


@settings(deadline=None, max_examples=100)
@given(data=json_values())
def test_any_webhook_routes(data: Any) -> None:
    """No JSON raises in the routes' place, and without issues there are only routes that were given."""
    routes, issues = parse_webhook_routes(json.dumps(data), "R")
    assert issues or (data is None or isinstance(data, list))
    assert routes == [] or isinstance(data, list)


@pytest.mark.parametrize(
    ("routes", "problem"),
    [
        ([{"accounts": ["111122223333"], "slack_hook_url": WEBHOOK}], "which is a secret"),
        ([{"accounts": ["1111"], "slack_hook_url_ssm_parameter": "/a"}], r"slack_webhook_routes\[0\]: must be"),
        ([{"accounts": ["111122223333"]}], r"slack_webhook_routes\[0\]: must be"),
        ({"accounts": []}, "slack_webhook_routes: must be a list"),
    ],
)
def test_references_to_webhooks_are_checked(tmp_path: Path, routes: object, problem: str) -> None:
    """In `config.json` stand references to webhooks, each with its accounts, and never an address."""
    with pytest.raises(ConfigurationError, match=problem) as raised:
        read(tmp_path, {**TOPIC, "slack_webhook_routes": routes})
    assert WEBHOOK not in str(raised.value)
