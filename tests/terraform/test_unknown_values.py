"""What another resource of the same configuration makes is known only after apply, and can be planned with.

Every variable that takes a string, in a list, a map or an object too, is planned with a value that is not known yet:
alone, beside everything that can be switched on, and without the table.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.module_docs import argument, declared
from support.terraform import Diagnostic, Terraform

_ROOT = Path(__file__).resolve().parents[2]
# Not even whether it is null is known of it, as of what most providers create.
_LATER = "tostring(terraform_data.later.output)"
_HERE = "eu-west-1:111122223333"

# What the author of the configuration chooses, and no resource makes.
_CHOSEN = {
    "build_directory", "detection_packs", "rule_exceptions", "rule_severities",
    "detection_ignore_rules", "detection_rules", "disabled_rules", "events_to_track", "ignore_rules",
    "lambda_architecture", "lambda_package", "lambda_runtime", "log_level", "rule_files", "rules", "rules_separator",
    # Its endpoints are keys: sns_topic_subscriptions takes those that are not known.
    "aws_sns_topic_subscriptions", "realtime_event_patterns",
}  # fmt: skip
# Of these the plan must know whether they are given; the switch beside them says so.
_SWITCHES: dict[str, dict[str, Any]] = {
    "dead_letter_target_arn": {"create_dead_letter_queue": False},
    "dependencies_layer_arn": {"create_dependencies_layer": False, "lambda_package": None},
    "lambda_role_arn": {"create_roles": False, "restart_logging": False},
    "restart_logging_role_arn": {"create_roles": False, "lambda_role_arn": "arn:aws:iam::111122223333:role/alerts"},
}
# Given in one of several ways: the others are left out.
_ALTERNATIVES = [
    ["slack_bot_token", "slack_bot_token_ssm_parameter", "slack_bot_token_secret_arn"],
    ["default_slack_hook_url", "default_slack_hook_url_ssm_parameter", "default_slack_hook_url_secret_arn"],
]
_BASE: dict[str, Any] = {"lambda_package": "package.zip", "cloudtrail_logs_s3_bucket_name": "trail-logs"}
_CONTEXTS: dict[str, dict[str, Any]] = {
    "everything": {
        "slack_bot_token_ssm_parameter": "/slack/token", "default_slack_channel_id": "C0123456789",
        "sns_configuration": [{"accounts": ["111111111111"], "sns_topic_arn": f"arn:aws:sns:{_HERE}:one"}],
        "default_sns_topic_arn": f"arn:aws:sns:{_HERE}:alerts", "enable_s3_sns_fanout": True, "enable_sqs_queue": True,
        "restart_logging": True, "create_dashboard": True, "enable_xray_tracing": True, "enable_realtime": True,
        "realtime_event_patterns": [json.dumps({"source": ["aws.iam"]})],
        "alarm_topic_arns": [f"arn:aws:sns:{_HERE}:alarms"], "kms_key_arn": f"arn:aws:kms:{_HERE}:key/mine",
    },
    "without_table": {
        "default_slack_hook_url_ssm_parameter": "/slack/webhook", "deduplicate_deliveries": False,
        "enable_eventbridge_trigger": True, "alarm_topic_arns": [f"arn:aws:sns:{_HERE}:alarms"],
    },
}  # fmt: skip
# What a value needs beside it to have an effect.
_NEEDS: dict[str, dict[str, Any]] = {
    "lambda_vpc_subnet_ids": {"lambda_vpc_security_group_ids": ["sg-1"]},
    "lambda_vpc_security_group_ids": {"lambda_vpc_subnet_ids": ["subnet-1"]},
    "default_sns_topic_arn": {"create_sns_topic": False, "aws_sns_topic_subscriptions": {"soc@example.com": "email"}},
    "sns_topic_subscriptions": {"default_sns_topic_arn": None},
    "cloudtrail_sns_topic_arn": {
        "enable_cloudtrail_sns_topic": True,
        "enable_s3_sns_fanout": False,
        "enable_eventbridge_trigger": False,
    },
    "s3_sns_fanout_topic_arn": {
        "enable_s3_sns_fanout": True,
        "create_s3_sns_fanout_topic": False,
        "enable_eventbridge_trigger": False,
    },
    "default_slack_channel_id": {
        "slack_bot_token_ssm_parameter": "/slack/token",
        "default_slack_hook_url_ssm_parameter": None,
    },
    "slack_bot_token": {"default_slack_channel_id": "C0123456789"},
    "slack_bot_token_ssm_parameter": {"default_slack_channel_id": "C0123456789"},
    "slack_bot_token_secret_arn": {"default_slack_channel_id": "C0123456789"},
    "lambda_package_sha256": {"lambda_package": "package.zip"},
}


def _address(attribute: str) -> str:
    """Return an address that a route may have there."""
    addresses = {
        "slack_channel_id": "C1",
        "slack_hook_url": "https://hooks.slack.com/services/x",
        "sns_topic_arn": f"arn:aws:sns:{_HERE}:one",
    }
    return addresses.get(attribute, "/a")


def _unknown(kind: str) -> Iterator[tuple[str, str]]:
    """Return expressions of a type with one string in them unknown, each with the name of what is unknown."""
    if kind == "string":
        yield "value", _LATER
    elif kind == "list(string)":
        yield "element", f"[{_LATER}]"
    elif kind == "map(string)":
        yield "element", f'{{ "111122223333" = {_LATER} }}'
    elif kind.startswith("map(object({ default = "):
        yield "address", f"{{ pager = {{ default = {_LATER} }} }}"
        return
    elif kind.startswith("map(object("):
        yield "endpoint", f'{{ soc = {{ protocol = "email", endpoint = {_LATER} }} }}'
    strings = re.findall(r"(\w+) = (?:optional\()?string\b", kind)
    attributes = [each for each in strings if each != "min_severity"]  # which is chosen, too
    for attribute in attributes if kind.startswith("list(object(") else []:
        value = (
            f"{attributes[0]} = {json.dumps(_address(attributes[0]))}, mention" if attribute == "mention" else attribute
        )
        yield attribute, f'[{{ accounts = ["111111111111"], {value} = {_LATER} }}]'
    if "accounts = list(string)" in kind:
        yield "accounts", f'[{{ accounts = [{_LATER}], {attributes[0]} = "{_address(attributes[0])}" }}]'


def _calls() -> Iterator[tuple[str, str]]:
    """Return a call of the module for every value that can be unknown, by its name, in each context."""
    for variable, body in declared(_ROOT, "variable").items():
        if variable in _CHOSEN:
            continue
        for what, value in _unknown(str(argument(body, "type"))):
            for context, others in _CONTEXTS.items():
                if context == "without_table" and not variable.startswith(("slack_", "default_slack_", "dead_letter")):
                    continue
                given = {**_BASE, **others, **_NEEDS.get(variable, {}), **_SWITCHES.get(variable, {})}
                for names in _ALTERNATIVES:
                    if variable in names:
                        given = {name: each for name, each in given.items() if name not in names}
                arguments = {name: json.dumps(each) for name, each in given.items()} | {variable: value}
                lines = "\n".join(f"  {name} = {each}" for name, each in arguments.items())
                yield f"{variable}-{what}-{context}", lines


_CALLS = dict(_calls())


@pytest.fixture(scope="module")
def diagnostics(tmp_path_factory: pytest.TempPathFactory) -> list[Diagnostic]:
    """What one plan of them all says."""
    terraform = Terraform(tmp_path_factory.mktemp("unknown"), "111122223333")
    terraform.copy_module()
    # A module that waits for another reads its data sources only at apply, so not even the account is known.
    waiting = {
        **_BASE, **_CONTEXTS["everything"], "cloudtrail_logs_kms_key_id": "alias/logs", "sns_topic_name": "alerts",
    }  # fmt: skip
    lines = "\n".join(f"  {name} = {json.dumps(value)}" for name, value in waiting.items())
    many = {
        **_BASE, **_CONTEXTS["everything"], "slack_bot_token_ssm_parameter": None,
        "slack_webhook_configuration": [
            {"accounts": [f"{number:012d}"], "slack_hook_url_ssm_parameter": f"/hooks/{number}"} for number in range(45)
        ],
    }  # fmt: skip
    webhooks = "\n".join(f"  {name} = {json.dumps(value)}" for name, value in many.items())
    calls = {**_CALLS, "many_webhooks": f"{webhooks}\n  slack_bot_token = {_LATER}"}
    calls = {**calls, "waiting": f"{lines}\n  depends_on = [terraform_data.later]"}
    expression = f"[{{ id = \"a\", expression = \"event.get('userIdentity.arn') == '${{{_LATER}}}'\" }}]"
    calls = {**calls, "rules": f"{lines}\n  detection_rules = {expression}\n  detection_ignore_rules = {expression}"}
    text = "".join(f'module "{name}" {{\n  source = "./module"\n{lines}\n}}\n' for name, lines in calls.items())
    terraform.write(
        f'provider "aws" {{\n  region = "eu-west-1"\n}}\n'
        f'resource "terraform_data" "later" {{\n  input = timestamp()\n}}\n{text}'
    )
    terraform.run("init")
    return terraform.diagnostics()


def test_every_value_may_be_unknown(diagnostics: list[Diagnostic]) -> None:
    """The plan succeeds, whatever single value is unknown."""
    assert [found for found in diagnostics if found.severity == "error"] == []
