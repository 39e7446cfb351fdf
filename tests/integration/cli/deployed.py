"""A function that is deployed to the moto server in good order, for tests that break it."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import boto3

from cloudtrail_to_slack_cli.doctor.deployment import Deployment
from support.app_environment import ACCOUNT, BUCKET, CHANNEL, KEY, AppEnvironment
from support.command_line import Ran, cloudtrail_to_slack

NAME = "alerts"
REGION = "eu-west-1"
_OWN_ACCOUNT = "123456789012"  # moto's
TABLE = "alerts-table"


@dataclass
class Deployed:
    """The function, and what it works with. `config` is its config.json."""

    app_env: AppEnvironment
    config: dict[str, Any]
    environment: dict[str, str]
    topic: str
    dead_letters: str
    role: str

    def aws(self, service: str) -> Any:
        """Return a client of the moto server."""
        return self.app_env.aws(service)

    def arguments(self) -> list[str]:
        """Return the options that name the function and its configuration."""
        path = self.app_env.folder / "deployed.json"
        path.write_text(json.dumps(self.config))
        return ["--function", NAME, "--region", REGION, "--config", str(path)]

    def doctor(self, *more: str) -> tuple[Ran, dict[str, list[str]]]:
        """Run `doctor`; return what it printed, and what it found not to be fine, by area."""
        ran = cloudtrail_to_slack("doctor", *self.arguments(), "--format", "json", *more)
        found: dict[str, list[str]] = {}
        for finding in json.loads(ran.out) if ran.out.startswith("[") else ():
            if finding["level"] != "ok":
                assert finding["fix"], finding
                found.setdefault(finding["area"], []).append(f"{finding['level']}: {finding['what']}")
        return ran, found

    def update(self, **changes: Any) -> None:
        """Change the function's configuration."""
        self.aws("lambda").update_function_configuration(FunctionName=NAME, **changes)

    def set_policy(self, statements: list[dict[str, Any]]) -> None:
        """Give the role these statements alone."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.aws("iam").put_role_policy(RoleName="alerts", PolicyName="alerts", PolicyDocument=document)

    def statements(self) -> list[dict[str, Any]]:
        """Return the statements that the role needs."""
        table = f"arn:aws:dynamodb:{REGION}:{_OWN_ACCOUNT}:table/{TABLE}"
        return [
            _allow(["s3:GetObject", "s3:GetObjectVersion"], f"arn:aws:s3:::{BUCKET}/AWSLogs/*"),
            _allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:{REGION}:{_OWN_ACCOUNT}:log-group:*"),
            _allow(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], table),
            _allow("sns:Publish", self.topic),
            _allow("sqs:SendMessage", self.dead_letters),
        ]

    def deployment(self) -> Deployment:
        """Return the deployment as commands see it, with the configuration in its layers."""
        return Deployment(boto3.Session(region_name=REGION), NAME)


def _allow(actions: Any, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def deploy(app_env: AppEnvironment) -> Deployed:
    """Deploy a function with a bot, a topic, a table and a dead-letter queue, all in good order."""
    trust = {"Version": "2012-10-17", "Statement": [_allow("sts:AssumeRole", "*")]}
    role = app_env.aws("iam").create_role(RoleName="alerts", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    topic = app_env.make_topic("alerts")
    sqs = app_env.aws("sqs")
    url = sqs.create_queue(QueueName="alerts-dead-letters")["QueueUrl"]
    dead_letters = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    _make_table(app_env)
    environment = {
        "SLACK_BOT_TOKEN": app_env.slack.bot_token,
        "SLACK_API_URL": app_env.slack.api_url,
        "DYNAMODB_TABLE_NAME": TABLE,
    }
    function = app_env.aws("lambda").create_function(
        FunctionName=NAME,
        Role=role,
        Runtime="python3.13",
        Handler="cloudtrail_to_slack.handler.lambda_handler",
        Code={"ZipFile": zip_of({"handler.py": b""})},
        Environment={"Variables": environment},
        DeadLetterConfig={"TargetArn": dead_letters},
    )
    app_env.put_log()
    notify = {"LambdaFunctionArn": function["FunctionArn"], "Events": ["s3:ObjectCreated:*"]}
    app_env.aws("s3").put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"LambdaFunctionConfigurations": [notify]},
        SkipDestinationValidation=True,
    )
    config = {
        "slack": {"default_channel_id": CHANNEL, "routes": [{"accounts": [ACCOUNT], "slack_channel_id": "C0TEAM"}]},
        "sns": {"default_topic_arn": topic},
    }
    app_env.slack.add_channel("C0TEAM", "team")
    app_env.slack.scopes = ["chat:write", "channels:read"]
    deployed = Deployed(app_env, config, environment, topic, dead_letters, role)
    deployed.set_policy(deployed.statements())
    _note_activity(app_env)
    _keep_dead_letters(deployed)
    return deployed


def zip_of(files: dict[str, bytes]) -> bytes:
    """Return a zip."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return archive.getvalue()


def _make_table(app_env: AppEnvironment) -> None:
    dynamodb = app_env.aws("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    live = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=live)


def _keep_dead_letters(deployed: Deployed) -> None:
    """Let each session see the function's dead-letter queue, which moto takes and forgets."""
    real = boto3.Session

    def session(*arguments: Any, **options: Any) -> boto3.Session:
        made = real(*arguments, **options)
        target = {"TargetArn": deployed.dead_letters}
        made.events.register(
            "after-call.lambda.GetFunctionConfiguration", lambda parsed, **_: parsed.update(DeadLetterConfig=target)
        )
        return made

    deployed.app_env.monkeypatch.setattr(boto3, "Session", session)


def _note_activity(app_env: AppEnvironment) -> None:
    """Put the metrics that the function would have written: a log file read, a message delivered."""
    function = {"Name": "FunctionName", "Value": NAME}
    app_env.aws("cloudwatch").put_metric_data(
        Namespace="CloudTrailToSlack",
        MetricData=[
            {"MetricName": "ObjectsRead", "Dimensions": [function], "Value": 1.0},
            {
                "MetricName": "Delivered",
                "Dimensions": [function, {"Name": "Destination", "Value": "slack_app"}],
                "Value": 1.0,
            },
        ],
    )


__all__ = ["ACCOUNT", "BUCKET", "CHANNEL", "KEY", "NAME", "REGION", "TABLE", "Deployed", "deploy", "zip_of"]
