"""What the function's role, its queue and its topic allow and deny, in the policies that Terraform renders.

Terraform applies the module with a provider that makes nothing, so the policies are whole, and an evaluator of policies
answers in AWS's place.
"""

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from support.policies import Statement, allows, listed
from support.terraform import Terraform

_ROOT = Path(__file__).resolve().parents[2]
_REGION, _ACCOUNT = "eu-west-1", "111122223333"
_HERE = f"{_REGION}:{_ACCOUNT}"
_LOGS = "arn:aws:s3:::trail-logs"
_FUNCTION_LOG = f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/cloudtrail-to-slack"
_TABLE = f"arn:aws:dynamodb:{_HERE}:table/cloudtrail-to-slack-table"
_KEY = f"arn:aws:kms:{_HERE}:key/"
_SECRET = f"arn:aws:secretsmanager:{_HERE}:secret:"

_MODULE = f"""
provider "aws" {{
  region = "{_REGION}"
}}

module "all" {{
  source = "./module"

  cloudtrail_logs_s3_bucket_name       = "trail-logs"
  cloudtrail_logs_kms_key_id           = "{_KEY}logs"
  default_slack_hook_url_ssm_parameter = "/slack/hook"
  slack_webhook_configuration = [
    {{ accounts = ["111111111111"], slack_hook_url_secret_arn = "{_SECRET}hook-AbCdEf" }},
  ]
  default_sns_topic_arn  = "arn:aws:sns:{_HERE}:alerts"
  sns_configuration      = [{{ accounts = ["111111111111"], sns_topic_arn = "arn:aws:sns:{_HERE}:production" }}]
  enable_s3_sns_fanout   = true
  enable_sqs_queue       = true
  kms_key_arn            = "{_KEY}mine"
  enable_xray_tracing    = true
  lambda_package         = "package.zip"
}}

module "alias" {{
  source = "./module"

  function_name                  = "alias"
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  cloudtrail_logs_kms_key_id     = "alias/logs"
  default_sns_topic_arn          = "arn:aws:sns:{_HERE}:alerts"
  lambda_package                 = "package.zip"
}}

module "alias_elsewhere" {{
  source = "./module"

  function_name                  = "alias-elsewhere"
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  cloudtrail_logs_kms_key_id     = "arn:aws:kms:us-east-1:999988887777:alias/logs"
  default_sns_topic_arn          = "arn:aws:sns:{_HERE}:alerts"
  lambda_package                 = "package.zip"
}}

module "key_id" {{
  source = "./module"

  function_name                  = "key-id"
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  cloudtrail_logs_kms_key_id     = "1234abcd-12ab-34cd-56ef-1234567890ab"
  lambda_vpc_subnet_ids          = ["subnet-1"]
  lambda_vpc_security_group_ids  = ["sg-1"]
  default_sns_topic_arn          = "arn:aws:sns:{_HERE}:alerts"
  lambda_package                 = "package.zip"
}}

module "queue" {{
  source = "./module"

  function_name                  = "queued"
  dynamodb_table_name            = "queued"
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_sns_topic_arn          = "arn:aws:sns:{_HERE}:alerts"
  enable_sqs_queue               = true
  lambda_package                 = "package.zip"
}}
"""

# What the function does, by the statement that allows it.
_CALLS: dict[str, list[tuple[str, str]]] = {
    "ReadLogFiles": [
        (f"s3:{name}", f"{_LOGS}/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz")
        for name in ("GetObject", "GetObjectVersion")
    ],
    "DecryptLogFiles": [("kms:Decrypt", f"{_KEY}logs")],
    "WriteLogs": [
        ("logs:CreateLogStream", f"{_FUNCTION_LOG}:log-stream:2026/03/14/1"),
        ("logs:PutLogEvents", f"{_FUNCTION_LOG}:log-stream:2026/03/14/1"),
    ],
    "StateTableAccess": [
        (f"dynamodb:{name}", _TABLE) for name in ("PutItem", "UpdateItem", "DeleteItem", "BatchGetItem")
    ],
    "PublishAlerts": [("sns:Publish", f"arn:aws:sns:{_HERE}:{name}") for name in ("alerts", "production")],
    "ReadParameters": [("ssm:GetParameter", f"arn:aws:ssm:{_HERE}:parameter/slack/hook")],
    "ReadSecrets": [("secretsmanager:GetSecretValue", f"{_SECRET}hook-AbCdEf")],
    "ConsumeQueue": [
        (f"sqs:{name}", f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-notifications")
        for name in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    ],
    "SendToDeadLetterTarget": [("sqs:SendMessage", f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-dead-letters")],
    "UseKmsKeys": [("kms:Decrypt", f"{_KEY}mine"), ("kms:GenerateDataKey", f"{_KEY}mine")],
    "WriteTraces": [("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")],
}
_DENIED = [
    ("s3:GetObject", "arn:aws:s3:::other-logs/AWSLogs/x.json.gz"),
    ("s3:GetObject", "arn:aws:s3:::trail-logs-2/AWSLogs/x.json.gz"),
    ("s3:GetObject", f"{_LOGS}/other/x.json.gz"),
    ("s3:GetObjectVersion", "arn:aws:s3:::other-logs/AWSLogs/x.json.gz"),
    ("s3:GetObjectVersion", f"{_LOGS}/other/x.json.gz"),
    ("s3:PutObject", f"{_LOGS}/AWSLogs/x.json.gz"),
    ("s3:DeleteObject", f"{_LOGS}/AWSLogs/x.json.gz"),
    ("s3:ListBucket", _LOGS),
    ("kms:Decrypt", f"{_KEY}other"),
    ("kms:GenerateDataKey", f"{_KEY}logs"),
    ("kms:ScheduleKeyDeletion", f"{_KEY}mine"),
    ("logs:PutLogEvents", f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/cloudtrail-to-slack-2:log-stream:x"),
    ("logs:DeleteLogGroup", _FUNCTION_LOG),
    ("logs:GetLogEvents", f"{_FUNCTION_LOG}:log-stream:x"),
    ("dynamodb:DeleteTable", _TABLE),
    ("dynamodb:Scan", _TABLE),
    ("dynamodb:Query", _TABLE),
    ("dynamodb:GetItem", _TABLE),
    ("dynamodb:BatchWriteItem", _TABLE),
    ("dynamodb:BatchGetItem", f"{_TABLE}-2"),
    ("dynamodb:PutItem", f"{_TABLE}-2"),
    ("sns:Publish", f"arn:aws:sns:{_HERE}:cloudtrail-s3-notifications"),
    ("sns:Publish", f"arn:aws:sns:{_HERE}:alerts-2"),
    ("sns:Subscribe", f"arn:aws:sns:{_HERE}:alerts"),
    ("ssm:GetParameter", f"arn:aws:ssm:{_HERE}:parameter/slack/hook2"),
    ("ssm:PutParameter", f"arn:aws:ssm:{_HERE}:parameter/slack/hook"),
    ("secretsmanager:GetSecretValue", f"{_SECRET}other-AbCdEf"),
    ("secretsmanager:PutSecretValue", f"{_SECRET}hook-AbCdEf"),
    ("sqs:SendMessage", f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-notifications"),
    ("sqs:ReceiveMessage", f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-dead-letters"),
    ("sqs:PurgeQueue", f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-notifications"),
    ("xray:GetTraceSummaries", "*"),
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{_HERE}:function:cloudtrail-to-slack"),
    ("iam:PassRole", f"arn:aws:iam::{_ACCOUNT}:role/cloudtrail-to-slack"),
    ("sts:AssumeRole", f"arn:aws:iam::{_ACCOUNT}:role/cloudtrail-to-slack"),
]


def may(statements: list[Statement], call: tuple[str, str]) -> bool:
    """Whether a call is allowed; the log files' key is used through S3, and the other keys through SQS among others."""
    via = f"{'s3' if call[1] == f'{_KEY}logs' else 'sqs'}.{_REGION}.amazonaws.com"
    return allows(statements, *call, context={"kms:ViaService": via} if call[0].startswith("kms:") else None)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Statement]]:
    """The statements of every policy that the modules above make, by the address of the resource."""
    terraform = Terraform(tmp_path_factory.mktemp("policies"), _ACCOUNT)
    terraform.write(_MODULE)
    terraform.copy_module()
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    return terraform.policies()


@pytest.fixture
def role(policies: dict[str, list[Statement]]) -> list[Statement]:
    """The statements of the function's role."""
    return policies["module.all.aws_iam_role_policy.this"]


def test_the_role_may_do_what_the_function_does(role: list[Statement]) -> None:
    """Every call the function makes is allowed, on what it makes it on."""
    assert {statement["Sid"] for statement in role} == _CALLS.keys()
    assert [call for calls in _CALLS.values() for call in calls if not may(role, call)] == []


@pytest.mark.parametrize("sid", _CALLS)
def test_each_statement_is_needed_for_one_thing(role: list[Statement], sid: str) -> None:
    """Without a statement, its calls are denied, all of them, and no other call is."""
    rest = [statement for statement in role if statement["Sid"] != sid]
    denied = [call for calls in _CALLS.values() for call in calls if not may(rest, call)]
    assert denied == _CALLS[sid]


def test_the_role_may_do_nothing_else(role: list[Statement]) -> None:
    """Other buckets, keys, tables, topics, secrets and queues, and other actions on its own, are denied."""
    assert [call for call in _DENIED if may(role, call)] == []


@pytest.mark.parametrize(
    ("key", "services"),
    [("logs", {"s3"}), ("mine", {"dynamodb", "lambda", "secretsmanager", "sns", "sqs", "ssm"})],
)
def test_keys_are_used_through_the_services_that_encrypt_with_them(
    role: list[Statement], key: str, services: set[str]
) -> None:
    """Neither KMS itself nor another service nor another region decrypts with a key in the role's name."""
    names = {"s3", "dynamodb", "lambda", "secretsmanager", "sns", "sqs", "ssm", "ec2", "kinesis"}
    decrypt = ("kms:Decrypt", f"{_KEY}{key}")
    used = {
        name for name in names if allows(role, *decrypt, context={"kms:ViaService": f"{name}.{_REGION}.amazonaws.com"})
    }
    assert used == services
    assert not allows(role, *decrypt)
    assert not allows(role, *decrypt, context={"kms:ViaService": "sqs.us-east-1.amazonaws.com"})


def test_no_action_and_no_resource_is_a_wildcard(role: list[Statement]) -> None:
    """Actions are named, and so are resources; X-Ray alone, which knows no resources, has the wildcard."""
    assert not [action for statement in role for action in listed(statement["Action"]) if "*" in action]
    assert [statement["Sid"] for statement in role if "*" in listed(statement["Resource"])] == ["WriteTraces"]


@pytest.mark.parametrize(
    ("module", "key", "alias"),
    [
        ("alias", f"{_KEY}*", "alias/logs"),
        ("alias_elsewhere", "arn:aws:kms:us-east-1:999988887777:key/*", "alias/logs"),
        ("key_id", f"{_KEY}1234abcd-12ab-34cd-56ef-1234567890ab", None),
    ],
)
def test_the_key_of_the_logs_may_be_named_in_any_way(
    policies: dict[str, list[Statement]], module: str, key: str, alias: str | None
) -> None:
    """An alias allows the keys that have it, in its account; an ID is that of a key here. S3 uses it in its region."""
    statements = policies[f"module.{module}.aws_iam_role_policy.this"]
    (found,) = [statement for statement in statements if statement["Sid"] == "DecryptLogFiles"]
    assert found["Resource"] == key
    assert found["Condition"]["StringEquals"]["kms:ViaService"] == [f"s3.{key.split(':')[3]}.amazonaws.com"]
    aliases = found.get("Condition", {}).get("ForAnyValue:StringEquals", {}).get("kms:ResourceAliases", [])
    assert aliases == ([alias] if alias else [])


def test_in_a_vpc_lambda_manages_network_interfaces_and_the_code_does_not(
    policies: dict[str, list[Statement]],
) -> None:
    """What Lambda needs of EC2 is denied to calls of the function's own code, and of no other function."""
    role = policies["module.key_id.aws_iam_role_policy.this"]
    (needed,) = [statement for statement in role if statement["Sid"] == "ManageNetworkInterfaces"]
    caller = f"arn:aws:lambda:{_HERE}:function:key-id"
    for action in needed["Action"]:
        assert allows(role, action, "*")
        assert not allows(role, action, "*", context={"lambda:SourceFunctionArn": caller})
        assert allows(role, action, "*", context={"lambda:SourceFunctionArn": f"{caller}-2"})


def test_the_table_may_be_used_as_the_code_uses_it() -> None:
    """The actions on the table are those that the code calls, so that neither can change alone."""
    operations = boto3.client("dynamodb", _REGION).meta.service_model.operation_names
    source = "".join(path.read_text() for path in (_ROOT / "src/cloudtrail_to_slack").rglob("*.py"))
    called = {name for name in operations if re.search(rf"(dynamodb|client)\.{xform_name(name)}\b", source)}
    # A transaction needs what the writes in it need, which here are puts. Source: Amazon DynamoDB Developer Guide,
    # "Using IAM with DynamoDB transactions".
    called.remove("TransactWriteItems")
    assert not re.search(r'"(Update|Delete|ConditionCheck)": ', source)
    assert called == {action.removeprefix("dynamodb:") for action, _ in _CALLS["StateTableAccess"]}


_BUCKET = {"aws:SourceArn": _LOGS, "aws:SourceAccount": _ACCOUNT}
_TOPIC = {"aws:SourceArn": f"arn:aws:sns:{_HERE}:cloudtrail-s3-notifications"}
_SENDERS: dict[str, tuple[str, str, str, str, dict[str, str]]] = {
    "bucket to topic": (
        "module.all.aws_sns_topic_policy.s3_notifications",
        "s3",
        "sns:Publish",
        f"arn:aws:sns:{_HERE}:cloudtrail-s3-notifications",
        _BUCKET,
    ),
    "topic to queue": (
        "module.all.aws_sqs_queue_policy.notifications",
        "sns",
        "sqs:SendMessage",
        f"arn:aws:sqs:{_HERE}:cloudtrail-to-slack-notifications",
        _TOPIC,
    ),
    "bucket to queue": (
        "module.queue.aws_sqs_queue_policy.notifications",
        "s3",
        "sqs:SendMessage",
        f"arn:aws:sqs:{_HERE}:queued-notifications",
        _BUCKET,
    ),
}


@pytest.mark.parametrize("sender", _SENDERS.values(), ids=_SENDERS)
def test_only_the_one_sender_may_send(policies: dict[str, list[Statement]], sender: Any) -> None:
    """The service may send for this bucket or topic, and not for another's, nor may another service or no one."""
    address, name, action, resource, context = sender
    statements, service = policies[address], f"{name}.amazonaws.com"
    assert allows(statements, action, resource, service=service, context=context)
    for key in context:
        without = {other: value for other, value in context.items() if other != key}
        assert not allows(statements, action, resource, service=service, context=without)
        assert not allows(statements, action, resource, service=service, context={**context, key: "999988887777"})
    assert not allows(statements, action, resource, service="events.amazonaws.com", context=context)
    assert not allows(statements, action, resource, context=context)
    assert not allows(statements, action.split(":")[0] + ":Subscribe", resource, service=service, context=context)
