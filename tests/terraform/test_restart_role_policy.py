"""What the role of the function that starts logging again allows and denies, in the policy that Terraform renders."""

import inspect
import re
from pathlib import Path

import boto3
import pytest
from botocore import xform_name

from cloudtrail_to_slack.state.table import Items
from support.policies import Statement, allows, listed
from support.terraform import Terraform

_ROOM = Path(__file__).resolve().parents[2] / "src/cloudtrail_to_slack/auto_restart"
_REGION, _ACCOUNT = "eu-west-1", "111122223333"
_HERE = f"{_REGION}:{_ACCOUNT}"
_LOG = f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/cloudtrail-to-slack-restart-logging"
_TABLE = f"arn:aws:dynamodb:{_HERE}:table/cloudtrail-to-slack-table"
_PARAMETER = f"arn:aws:ssm:{_HERE}:parameter"
_ORGANIZATION = "arn:aws:cloudtrail:us-east-1:999988887777:trail/all"
_KEY = f"arn:aws:kms:{_HERE}:key/mine"

_MODULE = f"""
provider "aws" {{
  region = "{_REGION}"
}}

module "restart" {{
  source = "./module"

  cloudtrail_logs_s3_bucket_name            = "trail-logs"
  slack_bot_token_ssm_parameter             = "/slack/token"
  default_slack_channel_id                  = "C0"
  restart_logging                           = true
  restart_logging_trails                    = ["main", "{_ORGANIZATION}"]
  restart_logging_maintenance_ssm_parameter = "/maintenance/until"
  kms_key_arn                               = "{_KEY}"
  enable_xray_tracing                       = true
  lambda_package                            = "package.zip"
}}

module "webhook" {{
  source = "./module"

  function_name                     = "hooked"
  dynamodb_table_name               = "hooked"
  cloudtrail_logs_s3_bucket_name    = "trail-logs"
  default_slack_hook_url_secret_arn = "arn:aws:secretsmanager:{_HERE}:secret:hook-AbCdEf"
  restart_logging                   = true
  lambda_package                    = "package.zip"
}}
"""

_Call = tuple[str, str]
# What the function does, by the statement that allows it.
_CALLS: dict[str, list[_Call]] = {
    "RestartTrails": [
        (f"cloudtrail:{name}", trail)
        for name in ("StartLogging", "GetTrailStatus")
        for trail in (
            f"arn:aws:cloudtrail:{_HERE}:trail/main",
            f"arn:aws:cloudtrail:us-east-1:{_ACCOUNT}:trail/main",
            _ORGANIZATION,
        )
    ],
    "WriteLogs": [(f"logs:{name}", f"{_LOG}:log-stream:2026/03/14/1") for name in ("CreateLogStream", "PutLogEvents")],
    "CountRestarts": [("dynamodb:UpdateItem", _TABLE)],
    "ReadMaintenanceSwitch": [("ssm:GetParameter", f"{_PARAMETER}/maintenance/until")],
    "ReadParameter": [("ssm:GetParameter", f"{_PARAMETER}/slack/token")],
    "SendToDeadLetterTarget": [("sqs:SendMessage", f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-dead-letters")],
    "UseKmsKeys": [("kms:Decrypt", _KEY), ("kms:GenerateDataKey", _KEY)],
    "WriteTraces": [("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")],
}
_DENIED = [
    ("cloudtrail:StartLogging", f"arn:aws:cloudtrail:{_HERE}:trail/main-2"),
    ("cloudtrail:StartLogging", f"arn:aws:cloudtrail:{_HERE}:trail/other"),
    ("cloudtrail:StartLogging", "arn:aws:cloudtrail:eu-west-1:999988887777:trail/main"),
    ("cloudtrail:StartLogging", "arn:aws:cloudtrail:eu-west-1:999988887777:trail/all"),
    *(
        (f"cloudtrail:{name}", f"arn:aws:cloudtrail:{_HERE}:trail/main")
        for name in ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "CreateTrail", "GetTrail")
    ),
    *((f"dynamodb:{name}", _TABLE) for name in ("PutItem", "DeleteItem", "GetItem", "Scan", "Query", "DeleteTable")),
    ("dynamodb:UpdateItem", f"{_TABLE}-2"),
    ("ssm:GetParameter", f"{_PARAMETER}/slack/token2"),
    ("ssm:PutParameter", f"{_PARAMETER}/maintenance/until"),
    ("s3:GetObject", "arn:aws:s3:::trail-logs/AWSLogs/x.json.gz"),
    ("sns:Publish", f"arn:aws:sns:{_HERE}:alerts"),
    ("logs:PutLogEvents", f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/cloudtrail-to-slack:log-stream:x"),
    ("logs:DeleteLogGroup", _LOG),
    ("lambda:InvokeFunction", f"arn:aws:lambda:{_HERE}:function:cloudtrail-to-slack"),
    ("iam:PassRole", f"arn:aws:iam::{_ACCOUNT}:role/cloudtrail-to-slack"),
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Statement]]:
    """The statements of every policy of a role that the modules above make, by the address of the resource."""
    terraform = Terraform(tmp_path_factory.mktemp("restart"), _ACCOUNT)
    terraform.write(_MODULE)
    terraform.copy_module()
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    return terraform.policies()


@pytest.fixture
def role(policies: dict[str, list[Statement]]) -> list[Statement]:
    """The statements of the role."""
    return policies["module.restart.aws_iam_role_policy.restart_logging"]


def may(statements: list[Statement], call: _Call) -> bool:
    """Whether a call is allowed; a write is one of the function's own items, and a key is used through DynamoDB."""
    context: dict[str, str | list[str]] = {
        "dynamodb:LeadingKeys": ["restart#event#0123"],
        "kms:ViaService": f"dynamodb.{_REGION}.amazonaws.com",
    }
    keys = {"dynamodb": "dynamodb:LeadingKeys", "kms": "kms:ViaService"}
    key = keys.get(call[0].split(":")[0])
    return allows(statements, *call, context={key: context[key]} if key else None)


def test_the_role_may_do_what_the_function_does(role: list[Statement]) -> None:
    """Every call the function makes is allowed, on what it makes it on."""
    assert {statement["Sid"] for statement in role} == _CALLS.keys()
    assert [call for calls in _CALLS.values() for call in calls if not may(role, call)] == []


@pytest.mark.parametrize("sid", _CALLS)
def test_each_statement_is_needed_for_one_thing(role: list[Statement], sid: str) -> None:
    """Without a statement, its calls are denied, all of them, and no other call is."""
    rest = [statement for statement in role if statement["Sid"] != sid]
    assert [call for calls in _CALLS.values() for call in calls if not may(rest, call)] == _CALLS[sid]


def test_the_role_may_do_nothing_else(role: list[Statement]) -> None:
    """Of CloudTrail it may do nothing but start and look, on the trails named; of the rest, only what it needs."""
    assert [call for call in _DENIED if may(role, call)] == []
    assert not [action for statement in role for action in listed(statement["Action"]) if "*" in action]


@pytest.mark.parametrize("keys", [["alert#0123"], ["restart#event#0", "thread#0"], ["xrestart#0"], None])
def test_the_role_may_write_its_own_items_alone(role: list[Statement], keys: list[str] | None) -> None:
    """It can forge no thread and no delivery: items of another name, and writes that name none, are denied."""
    context: dict[str, str | list[str]] = {"dynamodb:LeadingKeys": keys} if keys else {}
    assert not allows(role, "dynamodb:UpdateItem", _TABLE, context=context)


def test_with_a_webhook_it_reads_that_alone(policies: dict[str, list[Statement]]) -> None:
    """Without a bot the role may read the default webhook's secret, and no parameter; all of the account's trails."""
    role = policies["module.webhook.aws_iam_role_policy.restart_logging"]
    sids = {statement["Sid"] for statement in role}
    assert sids == {"RestartTrails", "WriteLogs", "CountRestarts", "ReadSecret", "SendToDeadLetterTarget"}
    assert allows(role, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{_HERE}:secret:hook-AbCdEf")
    assert not allows(role, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{_HERE}:secret:other-AbCdEf")
    assert allows(role, "cloudtrail:StartLogging", f"arn:aws:cloudtrail:af-south-1:{_ACCOUNT}:trail/any")
    assert not allows(role, "cloudtrail:StartLogging", "arn:aws:cloudtrail:af-south-1:999988887777:trail/any")
    assert not allows(role, "cloudtrail:StartLogging", f"arn:aws:cloudtrail:{_HERE}:eventdatastore/any")


def test_eventbridge_may_keep_what_it_cannot_hand_over(policies: dict[str, list[Statement]]) -> None:
    """Its rule may send to the dead-letter queue, and no rule of another account or name may."""
    statements = policies["module.restart.aws_sqs_queue_policy.dead_letters"]
    queue = f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-dead-letters"
    right = {"aws:SourceArn": f"arn:aws:events:{_HERE}:rule/cloudtrail-to-slack-restart-logging"}
    right["aws:SourceAccount"] = _ACCOUNT
    service = "events.amazonaws.com"
    assert allows(statements, "sqs:SendMessage", queue, service=service, context=right)
    for key in right:
        assert not allows(statements, "sqs:SendMessage", queue, service=service, context={**right, key: "999988887777"})
    assert not allows(statements, "sqs:ReceiveMessage", queue, service=service, context=right)


@pytest.mark.parametrize("service", ["cloudtrail", "dynamodb", "ssm"])
def test_the_code_calls_what_the_role_allows(service: str) -> None:
    """The operations in the function's own code, and in how it writes the table, are those of the statements."""
    name: object = service
    operations = boto3.client(name, _REGION).meta.service_model.operation_names  # type: ignore[call-overload]  # any service
    source = "".join(path.read_text() for path in _ROOM.rglob("*.py")) + inspect.getsource(Items)
    called = {
        f"{service}:{operation}"
        for operation in operations
        if re.search(rf"""(\.|_call\("){xform_name(operation)}\b""", source)
    }
    allowed = {action for calls in _CALLS.values() for action, _ in calls if action.startswith(f"{service}:")}
    assert called == allowed
