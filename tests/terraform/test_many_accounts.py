"""Routes for 400 accounts: within the limits of IAM and Lambda, or an error at plan that names the limit."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.policies import allows
from support.terraform import Diagnostic, Terraform

_HERE = "eu-west-1:111122223333"
_ACCOUNTS = [f"{number:012d}" for number in range(100_000_000_000, 100_000_000_400)]
_WORDS = ["blue", "green", "red", "black", "white", "grey", "pink", "gold", "teal", "plum"]
_INLINE, _MANAGED, _POLICIES, _ENVIRONMENT = 10_240, 6_144, 10, 4_096  # the limits of IAM and of Lambda
_TOPIC, _SECRET = f"arn:aws:sns:{_HERE}:", f"arn:aws:secretsmanager:{_HERE}:secret:"
_PARAMETER = f"arn:aws:ssm:{_HERE}:parameter"


def _routes(key: str, values: list[str]) -> list[dict[str, Any]]:
    return [{"accounts": [account], key: value} for account, value in zip(_ACCOUNTS, values, strict=True)]


_TOPICS = [f"{_TOPIC}cloudtrail-alerts-{account}" for account in _ACCOUNTS]
_NAMED_TOPICS = [f"{_TOPIC}alerts-{_WORDS[i % 10]}-{_WORDS[i // 10 % 10]}-{i}" for i in range(400)]
_LONG_TOPICS = [f"{_TOPIC}alerts-{'x' * 60}-{i}" for i in range(400)]
_SECRETS = [f"{_SECRET}slack/webhooks/{account}-AbCdEf" for account in _ACCOUNTS]
_PARAMETERS = [f"/slack/webhooks/{account}" for account in _ACCOUNTS]
_SNS, _SSM, _ARN = "sns_topic_arn", "slack_hook_url_ssm_parameter", "slack_hook_url_secret_arn"
_CASES: dict[str, dict[str, Any]] = {
    "channels": {
        "slack_bot_token": "xoxb-1",
        "default_slack_channel_id": "C0123456789",
        "slack_app_configuration": _routes("slack_channel_id", [f"C{i:010d}" for i in range(400)]),
    },
    "topics": {"sns_configuration": _routes(_SNS, _TOPICS)},
    "named_topics": {"sns_configuration": _routes(_SNS, _NAMED_TOPICS)},
    "long_topics": {"sns_configuration": _routes(_SNS, _LONG_TOPICS)},
    "parameters": {"slack_webhook_configuration": _routes(_SSM, _PARAMETERS)},
    "flat_parameters": {"slack_webhook_configuration": _routes(_SSM, [f"webhook-{'y' * 90}-{i}" for i in range(400)])},
    "secrets": {"slack_webhook_configuration": _routes(_ARN, _SECRETS)},
    "topics_and_secrets": {
        "sns_configuration": _routes(_SNS, _TOPICS),
        "slack_webhook_configuration": _routes(_ARN, _SECRETS),
    },
}
# What each role must be able to call.
_CALLS: dict[str, list[tuple[str, str]]] = {
    "channels": [],
    "topics": [("sns:Publish", topic) for topic in _TOPICS],
    "named_topics": [("sns:Publish", topic) for topic in _NAMED_TOPICS],
    "long_topics": [("sns:Publish", topic) for topic in _LONG_TOPICS],
    "parameters": [("ssm:GetParameter", _PARAMETER + name) for name in _PARAMETERS],
    "flat_parameters": [("ssm:GetParameter", f"{_PARAMETER}/webhook-{'y' * 90}-{i}") for i in range(400)],
    "secrets": [("secretsmanager:GetSecretValue", secret) for secret in _SECRETS],
}
_CALLS["topics_and_secrets"] = [*_CALLS["topics"], *_CALLS["secrets"]]
_DENIED = [
    ("sns:Publish", f"{_TOPIC}other"), ("sns:Publish", "arn:aws:sns:eu-west-1:999988887777:cloudtrail-alerts-1"),
    ("ssm:GetParameter", f"{_PARAMETER}/other"), ("ssm:GetParameter", f"{_PARAMETER}/slack/token"),
    ("secretsmanager:GetSecretValue", f"{_SECRET}other-AbCdEf"), ("secretsmanager:PutSecretValue", _SECRETS[0]),
]  # fmt: skip


def _written(folder: Path, calls: dict[str, dict[str, Any]], more: str = "") -> Terraform:
    terraform = Terraform(folder, "111122223333")
    terraform.copy_module()
    text = 'provider "aws" {\n  region = "eu-west-1"\n}\n' + more
    for name, arguments in calls.items():
        given: dict[str, Any] = {
            "function_name": name.replace("_", "-"), "cloudtrail_logs_s3_bucket_name": "trail-logs",
            "lambda_package": "package.zip", "default_sns_topic_arn": f"{_TOPIC}default", **arguments,
        }  # fmt: skip
        lines = "\n".join(f"  {key} = {json.dumps(value)}" for key, value in given.items())
        text += f'module "{name}" {{\n  source = "./module"\n{lines}\n}}\n'
    # References to what is not known yet stand in strings of their own.
    terraform.write(text.replace('"UNKNOWN"', "tostring(terraform_data.later.output)"))
    terraform.run("init")
    return terraform


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a plan of every case would create, by address."""
    return _written(tmp_path_factory.mktemp("many"), _CASES).planned()


def _policies(planned: dict[str, dict[str, Any]], case: str) -> tuple[str, list[str]]:
    """Return the role's own policy, and those that are attached to it."""
    after = {address: change["change"]["after"] for address, change in planned.items()}
    attached = [
        values["policy"] for address, values in after.items() if address.startswith(f"module.{case}.aws_iam_policy.")
    ]
    return after[f"module.{case}.aws_iam_role_policy.this[0]"]["policy"], attached


@pytest.mark.parametrize("case", _CASES)
def test_policies_and_environment_are_within_the_limits(planned: dict[str, dict[str, Any]], case: str) -> None:
    """A role's policies are as many and as long as IAM takes them, and the environment is as large as Lambda does."""
    inline, attached = _policies(planned, case)
    assert len(inline) <= _INLINE
    assert len(attached) <= _POLICIES
    assert [policy for policy in attached if len(policy) > _MANAGED] == []
    function = planned[f"module.{case}.aws_lambda_function.this"]["change"]["after"]
    environment = function["environment"][0]["variables"]
    assert sum(len(name) + len(value) for name, value in environment.items()) <= _ENVIRONMENT


@pytest.mark.parametrize("case", _CASES)
def test_the_role_may_use_what_each_route_refers_to(planned: dict[str, dict[str, Any]], case: str) -> None:
    """Every topic, parameter and secret of a route is allowed, and others are not."""
    inline, attached = _policies(planned, case)
    statements = [statement for policy in [inline, *attached] for statement in json.loads(policy)["Statement"]]
    assert [call for call in _CALLS[case] if not allows(statements, *call)] == []
    assert [call for call in _DENIED if allows(statements, *call)] == []


@pytest.mark.parametrize("case", ["topics", "secrets", "parameters"])
def test_names_are_exact_where_there_is_room(planned: dict[str, dict[str, Any]], case: str) -> None:
    """400 routes of one kind need no wildcard."""
    assert not [policy for policy in _policies(planned, case)[1] if "?" in policy or "*" in policy]


def test_what_is_not_known_yet_can_be_routed_to(tmp_path: Path) -> None:
    """400 topics and 400 secrets that the same configuration creates can be planned."""
    later = 'resource "terraform_data" "later" {\n  input = timestamp()\n}\n'
    unknown = ["UNKNOWN"] * 400
    case = {
        "sns_configuration": _routes(_SNS, unknown),
        "slack_webhook_configuration": _routes(_ARN, unknown),
    }
    found = _written(tmp_path, {"unknown": case}, later).diagnostics()
    assert [diagnostic for diagnostic in found if diagnostic.severity == "error"] == []


def _errors(found: list[Diagnostic]) -> list[str]:
    return [diagnostic.text for diagnostic in found if diagnostic.severity == "error"]


def test_what_no_limit_has_room_for_is_an_error_that_names_the_limit(tmp_path: Path) -> None:
    """Addresses of 400 webhooks do not fit the environment, and names without a pattern not the policies."""
    hooks = [f"https://hooks.slack.com/services/T00000000/B00000000/{account}{account}" for account in _ACCOUNTS]
    shapeless = [f"{_TOPIC}{i:03d}{'z' * 120}" for i in range(400)]
    cases = {
        "addresses": {"configuration": _routes("slack_hook_url", hooks)},
        "shapeless": {"sns_configuration": _routes(_SNS, shapeless)},
    }
    errors = _errors(_written(tmp_path, cases).diagnostics())
    assert any("Lambda's limit is 4096" in error and "slack_webhook_configuration" in error for error in errors)
    assert any("IAM's limit is 6144" in error for error in errors)
    assert all("4096" in error or "6144" in error for error in errors)
