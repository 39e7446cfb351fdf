"""A secret, an ID or an ARN in the wrong place is an error at plan, or a warning where it can be meant."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from support.module_docs import argument, declared
from support.terraform import Diagnostic, Terraform

_ROOT = Path(__file__).resolve().parents[2]
_HERE = "eu-west-1:111122223333"
_TOPIC = f"arn:aws:sns:{_HERE}:alerts"
_QUEUE = f"arn:aws:sqs:{_HERE}:queue"
_SECRET = f"arn:aws:secretsmanager:{_HERE}:secret:slack/token-AbCdEf"
_PARAMETER = f"arn:aws:ssm:{_HERE}:parameter/slack/token"
_HOOK = "https://hooks.slack.com/services/T00000000/B00000000/wEbHoOkSeCrEt"
_TOKEN = "xoxb-123456789012-123456789012-tOkEnSeCrEt"
_SECRETS = ("wEbHoOkSeCrEt", "tOkEnSeCrEt")

_NO_TOKENS: list[Any] = [
    _HOOK,
    "C0123456789",
    "/slack/token",
    _SECRET,
    _PARAMETER,
    f"{_TOKEN}\n",
    f" {_TOKEN}",
    f"Bearer {_TOKEN}",
    "xapp-1-A0-1-x",
    "token",
    " ",
]
_NO_PARAMETERS: list[Any] = [
    _TOKEN,
    _HOOK,
    f"/{_TOKEN}",
    f"/slack/{_TOKEN}",
    "xoxp-1-1",
    "xapp-1-A0-1-x",
    _SECRET,
    _TOPIC,
    "slack/token",
    "/slack//token",
    "/slack/token/",
    "services/T00000000/B00000000/wEbHoOkSeCrEt",
    "",
    " ",
]
_NO_SECRETS: list[Any] = [
    _TOKEN,
    _HOOK,
    "slack/token",
    _PARAMETER,
    _TOPIC,
    _SECRET.removesuffix("-AbCdEf"),
    f"{_SECRET}:token::",
    "",
    " ",
]
_NO_HOOKS: list[Any] = [
    _TOKEN,
    "C0123456789",
    "/slack/webhook",
    _SECRET,
    " ",
    f"{_HOOK}\n",
    "hooks.slack.com/services/T/B/x",
    "https://slack.com/api/",
    "https://app.slack.com/client/T0/C0",
    "https://team.slack.com/archives/C0",
    "https://hooks.slack.com/workflows/T0/A0/1/x",
    "https://hooks.slack.com/triggers/T0/1/x",
]
_NO_CHANNELS: list[Any] = [
    "#alerts",
    "alerts",
    "c0123456789",
    "T0123456789",
    "B0123456789",
    "A0123456789",
    _HOOK,
    _TOKEN,
    "C0123 456",
    "@someone",
    "https://team.slack.com/archives/C0123456789",
]
_SECRET_VARIABLES = ("slack_bot_token", "default_slack_hook_url")
# A token or a webhook in one of these is refused by a precondition, which does not show it: every variable of one
# string, but those that take a secret.
_MISPLACED = tuple(
    name
    for name, found in declared(_ROOT, "variable").items()
    if argument(found, "type") == "string" and name not in _SECRET_VARIABLES
)
_LOOKS_SECRET = re.compile(
    r"(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B"
)
_ACCOUNTS = ["111111111111"]


def _routes(key: str, values: list[Any]) -> list[Any]:
    return [[{"accounts": _ACCOUNTS, key: value}] for value in values]


def _severe(*routes: tuple[str, str]) -> list[Any]:
    return [
        {"accounts": [account], "min_severity": severity, "sns_topic_arn": f"{_TOPIC}{i}"}
        for i, (account, severity) in enumerate(routes)
    ]


# By variable: values that are refused, each by a plan of its own.
_REFUSED: dict[str, list[Any]] = {
    "slack_bot_token": _NO_TOKENS,
    "slack_bot_token_ssm_parameter": _NO_PARAMETERS,
    "slack_bot_token_secret_arn": _NO_SECRETS,
    "default_slack_hook_url": _NO_HOOKS,
    "default_slack_hook_url_ssm_parameter": _NO_PARAMETERS,
    "default_slack_hook_url_secret_arn": _NO_SECRETS,
    "default_slack_channel_id": _NO_CHANNELS,
    "restart_logging_slack_channel_id": [*_NO_CHANNELS, ""],
    "slack_app_configuration": _routes("slack_channel_id", [*_NO_CHANNELS, "", " ", None]),
    "configuration": _routes("slack_hook_url", [*_NO_HOOKS, "", None]),
    "slack_webhook_configuration": [
        *_routes("slack_hook_url_ssm_parameter", _NO_PARAMETERS),
        *_routes("slack_hook_url_secret_arn", _NO_SECRETS),
    ],
    "restart_logging_maintenance_ssm_parameter": [
        "2026-03-14T18:00:00Z",
        "2026-03-14",
        "cloudtrail/maintenance",
        _SECRET,
        _HOOK,
    ],
    "slack_api_url": [_HOOK, _TOKEN, "slack.com/api"],
    "default_sns_topic_arn": [_QUEUE, "alerts", f"{_TOPIC}:0e4b1c7e-0000-0000-0000-000000000000", _HOOK, _TOKEN],
    "sns_configuration": _routes("sns_topic_arn", [_QUEUE, "alerts", "", None, _HOOK, _TOKEN]),
    "aws_sns_topic_subscriptions": [
        {"email": "soc@example.com"},
        {"soc@example.com": "https"},
        {"https://example.com": "email"},
        {_QUEUE: "lambda"},
        {"http://example.com": "https"},
        {"soc": "email"},
        {"+4915112345678": "email"},
        {"soc@example.com": "sms"},
        {_HOOK: "email"},
        {_TOKEN: "email"},
        {f"arn:aws:firehose:{_HERE}:deliverystream/alerts": "firehose"},
    ],
    "sns_topic_subscriptions": [{"soc": {"protocol": "email", "endpoint": value}} for value in (_HOOK, _TOKEN)],
    "alarm_topic_arns": [[_HOOK], [_TOKEN], [_QUEUE]],
    "additional_kms_key_arns": [[_HOOK], [_TOKEN], ["alias/logs"]],
    "restart_logging_trails": [[_HOOK], [f"{_TOKEN}-"], ["/"]],
    "dead_letter_target_arn": [f"{_QUEUE}.fifo", f"{_TOPIC}.fifo", _SECRET, "queue"],
    "s3_sns_fanout_topic_arn": [f"{_TOPIC}.fifo", _QUEUE],
    "cloudtrail_sns_topic_arn": [f"{_TOPIC}.fifo", _QUEUE],
    "account_names": [{"111111111111": None}, {"111111111111": " "}, {"111111111111": _TOKEN}],
    "cloudtrail_logs_s3_bucket_name": ["", "a..b", "Logs", "s3://logs"],
    "destinations": [
        {"pager": {"default": ""}},
        {"pager": {"default": _HOOK}},
        {"pager": {"routes": [{"accounts": _ACCOUNTS, "address": ""}]}},
        {"pager": {"routes": [{"accounts": _ACCOUNTS, "address": _TOKEN}]}},
    ],
    "detection_ignore_rules": [[{"expression": "True", "reason": _HOOK}]],
    "detection_rules": [[{"expression": f"'{_TOKEN}' in event.values()"}], [{"expression": "True", "mitre": [_TOKEN]}]],
    "disabled_rules": [[None], [""], [_TOKEN]],
    "dynamodb_table_name": ["", "ab"],
    "function_name": ["", "a" * 65, "a.b"],
    "iam_role_permissions_boundary": ["", "deny-all", _TOPIC, "arn:aws:iam::111122223333:policy/a b"],
    "lambda_code_signing_config_arn": ["", "config", _TOPIC],
    "lambda_maximum_event_age_seconds": [60.5, 59],
    "lambda_package": ["", " "],
    "lambda_reserved_concurrent_executions": [0, 1.5],
    "role_name": ["", "a" * 49],
    "rule_exceptions": [{"a": [{"expression": _TOKEN}]}],
    "rule_files": [[None], ["nothing.yaml"], [_TOKEN], ["secret.yaml"]],
    "rule_severities": [{"a": None}, {"a": _TOKEN}, {_TOKEN: "high"}],
    "sns_topic_name": ["", "alerts.fifo"],
    "sqs_max_receive_count": [1.5, 0],
    "sqs_maximum_concurrency": [2.5, 1],
    "kms_key_arn": ["alias/logs", f"arn:aws:kms:{_HERE}:alias/logs", _TOPIC, f"arn:aws:kms:{_HERE}:key/*"],
    "lambda_vpc_security_group_ids": [[None], [""], ["subnet-1"], [_TOKEN], [f"sg-{i}" for i in range(6)]],
    "lambda_vpc_subnet_ids": [[None], [" "], ["sg-1"], [_HOOK], [f"subnet-{i}" for i in range(17)]],
    "realtime_event_patterns": [
        [None],
        ["[]"],
        ['{"source": "aws.iam"}'],
        ['{"source": []}'],
        [f'{{"source": ["{_TOKEN}"]}}'],
    ],
    "s3_notification_filter_prefix": [
        "/AWSLogs/",
        " AWSLogs/",
        "AWSLogs/\n",
        "AWSLogs//",
        "AWSLogs/*",
        "s3://logs/AWSLogs/",
    ],
    "tags": [{"aws:x": "y"}, {"": "y"}, {"a": "b" * 257}, {"a<b": "y"}, {"a": "y;"}, {str(i): "" for i in range(51)}],
}

_BOT = {"slack_bot_token": "xoxb-1", "default_slack_channel_id": "C0123456789"}
_TWICE = ["111111111111", "222222222222"]
# By check: settings that it warns of.
_WARNED: dict[str, list[dict[str, Any]]] = {
    "webhooks_beside_bot": [
        {**_BOT, "default_slack_hook_url": _HOOK},
        {**_BOT, "default_slack_hook_url_ssm_parameter": "/slack/webhook"},
        {**_BOT, "configuration": [{"accounts": _ACCOUNTS, "slack_hook_url": _HOOK}]},
        {**_BOT, "slack_webhook_configuration": [{"accounts": _ACCOUNTS, "slack_hook_url_ssm_parameter": "/a"}]},
    ],
    "channels_without_bot": [
        {"default_slack_channel_id": "C0123456789"},
        {"slack_app_configuration": [{"accounts": _ACCOUNTS, "slack_channel_id": "C0"}]},
    ],
    "token_of_a_user": [
        {**_BOT, "slack_bot_token": "xoxp-1-tOkEnSeCrEt"},
        {**_BOT, "slack_bot_token": "xoxe.xoxb-1-tOkEnSeCrEt"},
    ],
    "accounts_in_two_routes": [
        {
            **_BOT,
            "slack_app_configuration": [
                {"accounts": _TWICE, "slack_channel_id": "C0"},
                {"accounts": ["111111111111"], "slack_channel_id": "C1"},
            ],
        },
        {
            "sns_configuration": [
                {"accounts": ["111111111111"], "sns_topic_arn": _TOPIC},
                {"accounts": _TWICE, "sns_topic_arn": f"{_TOPIC}2"},
            ]
        },
        {
            "configuration": [
                {"accounts": ["111111111111"], "slack_hook_url": _HOOK},
                {"accounts": _TWICE, "slack_hook_url": f"{_HOOK}2"},
            ]
        },
        {
            "configuration": [{"accounts": ["111111111111"], "slack_hook_url": _HOOK}],
            "slack_webhook_configuration": [{"accounts": _TWICE, "slack_hook_url_ssm_parameter": "/slack/webhook"}],
        },
        {
            "destinations": {
                "pager": {"routes": [{"accounts": _TWICE, "address": "a"}, {"accounts": _ACCOUNTS, "address": "b"}]}
            }
        },
        {"sns_configuration": _severe(("*", "high"), ("*", "critical"))},
        {"sns_configuration": _severe(("*", "info"), ("111111111111", "Info"))},
    ],
    "settings_without_effect": [
        {"aws_sns_topic_subscriptions": {"soc@example.com": "email"}},
        {"s3_sns_fanout_topic_arn": _TOPIC},
        {"s3_sns_fanout_topic_arn": _TOPIC, "enable_s3_sns_fanout": True},
        {"cloudtrail_sns_topic_arn": _TOPIC},
        {"dead_letter_target_arn": _QUEUE, "create_dead_letter_queue": True},
    ],
}

# What must be accepted without an error and without a warning.
_ACCEPTED: list[dict[str, Any]] = [
    _BOT,
    {
        **_BOT,
        "slack_bot_token": _TOKEN,
        "slack_app_configuration": [
            {"accounts": _TWICE, "slack_channel_id": "G0123456789"},
            {"accounts": ["333333333333"], "slack_channel_id": "U0123456789"},
        ],
    },
    {"slack_bot_token_ssm_parameter": "/slack/token", "default_slack_channel_id": "C0123456789"},
    {"slack_bot_token_ssm_parameter": "slack-token", "default_slack_channel_id": "C0123456789"},
    {"slack_bot_token_ssm_parameter": "/slack/xoxb-token", "default_slack_channel_id": "C0123456789"},
    {"slack_bot_token_ssm_parameter": _PARAMETER, "default_slack_channel_id": "C0123456789"},
    {"slack_bot_token_secret_arn": _SECRET, "default_slack_channel_id": "C0123456789"},
    {"default_slack_hook_url": _HOOK, "configuration": [{"accounts": [*_TWICE, *_TWICE], "slack_hook_url": _HOOK}]},
    {"default_slack_hook_url": "https://hooks.slack-gov.com/services/T0/B0/x"},
    {"default_slack_hook_url": "https://proxy.example.com/slack.com/hook"},
    {"default_slack_hook_url": "", "slack_bot_token": ""},
    {"default_slack_hook_url_ssm_parameter": _PARAMETER},
    {"default_sns_topic_arn": f"{_TOPIC}.fifo"},
    {
        "default_sns_topic_arn": "",
        "aws_sns_topic_subscriptions": {
            "soc@example.com": "email",
            "https://example.com/alerts": "https",
            _QUEUE: "sqs",
            "+4915112345678": "sms",
            f"arn:aws:lambda:{_HERE}:function:alerts": "lambda",
        },
    },
    {"dead_letter_target_arn": _QUEUE},
    {"dead_letter_target_arn": _TOPIC},
    {"s3_sns_fanout_topic_arn": f"{_TOPIC}2", "enable_s3_sns_fanout": True, "create_s3_sns_fanout_topic": False},
    {"s3_notification_filter_prefix": "all trails//AWSLogs/"},
    {"s3_notification_filter_prefix": "", "tags": {"cost centre": "Zürich / 7+1=8 @home", "none": None}},
    {
        "rules": "'hooks.slack.com' in event.get('requestParameters.url', '')",
        "detection_rules": [{"expression": "re.search('xox[a-z]-[0-9]+-', event.get('requestParameters.value', ''))"}],
        "account_names": {"111111111111": "services/TEAM/B"},
    },
    {"sns_configuration": _severe(("*", "critical"), ("111111111111", "high"), ("*", "high"), ("*", "low"))},
]

_CALL = """
module "{name}" {{
  source = "./module"
{arguments}
}}
"""


def _call(name: str, arguments: dict[str, Any]) -> str:
    # Each secret through a variable, so that no message repeats the line that it stands in.
    base = {"cloudtrail_logs_s3_bucket_name": "trail-logs", "lambda_package": "package.zip"}
    given = {**base, "default_sns_topic_arn": _TOPIC, **arguments}
    text = "\n".join(f"  {key} = local.{name}.{key}" for key in given)
    return f"locals {{\n  {name} = {json.dumps(given)}\n}}\n" + _CALL.format(name=name, arguments=text)


def _terraform(folder: Path, cases: dict[str, dict[str, Any]], only: str = "*.tf") -> Terraform:
    """Return a configuration of all cases, each a call of the module."""
    terraform = Terraform(folder, "111122223333")
    terraform.copy_module(only=only)
    terraform.write('provider "aws" {\n  region = "eu-west-1"\n}\n' + "".join(_call(*case) for case in cases.items()))
    terraform.run("init")
    return terraform


def _cases(variables: Iterable[str]) -> dict[str, dict[str, Any]]:
    return {_case(name, i): {name: value} for name in variables for i, value in _of_no_secret(name)}


def _of_no_secret(variable: str) -> list[tuple[int, Any]]:
    """Return the values that the variable itself refuses, with their numbers."""
    return [
        (i, value)
        for i, value in enumerate(_REFUSED[variable])
        if variable not in _MISPLACED or not _LOOKS_SECRET.search(value)
    ]


def _case(variable: str, number: int) -> str:
    return f"{variable}-{number}"


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> list[Diagnostic]:
    """What a plan of the variables alone says of every value that they refuse."""
    cases = _cases(name for name in _REFUSED if name not in _SECRET_VARIABLES)
    terraform = _terraform(tmp_path_factory.mktemp("refused"), cases, only="variables.tf")
    terraform.write(json.dumps({"rules": [_TOKEN]}), "secret.yaml")
    return terraform.diagnostics()


@pytest.mark.parametrize("variable", [name for name in _REFUSED if name not in _SECRET_VARIABLES])
def test_what_is_in_the_wrong_place_is_an_error(variable: str, refused: list[Diagnostic]) -> None:
    """Each value is refused by its own variable, whose message names it, and no token or webhook is repeated."""
    errors = {error.place: error.text for error in refused if f'"{variable}-' in error.place}
    assert set(errors) == {f'module "{_case(variable, i)}"' for i, _ in _of_no_secret(variable)}
    assert all(variable in text for text in errors.values())
    assert not [text for text in errors.values() for secret in _SECRETS if secret in text]


def test_a_secret_in_a_wrong_variable_is_an_error_that_does_not_show_it(tmp_path: Path) -> None:
    """Whatever the plan prints, errors and what it would create included, it names the variables and no secret."""
    everything = {
        "lambda_package": None, "enable_s3_sns_fanout": True, "enable_sqs_queue": True, "restart_logging": True,
        "aws_sns_topic_subscriptions": {"soc@example.com": "email"}, "enable_realtime": True, "create_dashboard": True,
        "alarm_topic_arns": [_TOPIC],
    }  # fmt: skip
    cases = {
        f"case-{i}": {**everything, **dict.fromkeys(_MISPLACED, secret), "tags": {"note": secret}}
        for i, secret in enumerate((_TOKEN, _HOOK, f"/{_TOKEN}", f"xapp-1-{_TOKEN}"))
    }
    printed = _terraform(tmp_path, cases).fails("plan")
    assert "will be created" in printed
    assert not [secret for secret in _SECRETS if secret in printed]
    errors = " ".join(re.sub(r"(?m)^[│╵╷ ]+", "", printed).split()).split("Error: ")
    named = [error for error in errors if "there is a Slack token or webhook in it" in error]
    assert len(named) == len(cases)
    assert all(re.search(rf"\b{name}\b", error) for error in named for name in (*_MISPLACED, "tags"))


@pytest.mark.parametrize("module", ["tripwire", "realtime-forwarder"])
def test_a_secret_in_a_wrong_variable_of_a_submodule(module: str, tmp_path: Path) -> None:
    """It is an error that names the variables, and nothing shows the secret."""
    folder = f"modules/{module}"
    names = [
        name
        for name, found in declared(_ROOT / folder, "variable").items()
        if argument(found, "type") == "string" and argument(found, "sensitive") is None
    ]
    terraform = Terraform(tmp_path, "111122223333")
    terraform.copy_module(folder)
    text = 'provider "aws" {\n  region = "eu-west-1"\n}\n'
    for i, secret in enumerate((_TOKEN, _HOOK)):
        text += f"locals {{\n  secret_{i} = {json.dumps(secret)}\n}}\n"
        arguments = "".join(f"  {name} = local.secret_{i}\n" for name in names)
        text += f'module "case-{i}" {{\n  source = "./module"\n{arguments}}}\n'
    terraform.write(text)
    terraform.run("init")
    printed = terraform.fails("plan")
    assert not [secret for secret in _SECRETS if secret in printed]
    error = " ".join(re.sub(r"(?m)^[│╵╷ ]+", "", printed).split())
    assert f"{', '.join(sorted(names))} must be a name" in error


@pytest.mark.parametrize("variable", _SECRET_VARIABLES)
def test_what_is_no_secret_is_an_error_that_does_not_show_it(variable: str, tmp_path: Path) -> None:
    """What is neither a token nor a webhook is refused, and the message names the variable, not the value."""
    errors = [
        error.text
        for error in _terraform(tmp_path, _cases([variable])).diagnostics()
        if f"{variable} must" in error.text
    ]
    assert len(errors) == len(_REFUSED[variable])
    assert not [text for text in errors for secret in _SECRETS if secret in text]


def test_what_can_be_meant_is_a_warning(tmp_path: Path) -> None:
    """Each check warns of each of its settings, repeats no secret, and nothing is an error."""
    cases = {f"{check}-{i}": settings for check, given in _WARNED.items() for i, settings in enumerate(given)}
    terraform = _terraform(tmp_path, cases)
    found = terraform.diagnostics()
    assert {diagnostic.severity for diagnostic in found} == {"warning"}
    assert not [diagnostic for diagnostic in found for secret in _SECRETS if secret in diagnostic.text]
    assert terraform.failed_checks() == {f"module.{name}.check.{name.rpartition('-')[0]}" for name in cases}


def test_what_is_right_is_accepted(tmp_path: Path) -> None:
    """Nothing that can work is refused or warned of."""
    assert _terraform(tmp_path, {f"case-{i}": settings for i, settings in enumerate(_ACCEPTED)}).diagnostics() == []
