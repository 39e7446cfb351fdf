"""Where histories run: one moto server and one fake Slack per process, and the real handler."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock
from urllib.parse import urlsplit

import boto3

from cloudtrail_to_slack import app
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.config.settings import VARIABLES, read_settings
from cloudtrail_to_slack_dev.fake_slack import FakeSlack, Fault
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer
from simulation.checker import key_and_rules
from simulation.events import ACCOUNTS, COUNTED_RULE, FRAGILE_RULE, OWN_ROLE, REGION, RULES, UNUSABLE_RULES
from simulation.histories import TOPICS, Deployment, History
from simulation.log_files import BUCKET, VERSIONED_BUCKET
from simulation.logs import Log
from simulation.network_interceptor import NetworkInterceptor
from simulation.planted_items import planted_items
from simulation.recorder import Recorder
from simulation.runner import Runner

_TABLE = "cloudtrail-to-slack-table"
_FRESH_TABLE_AFTER = 8  # histories: moto copies all of a table in each transaction
_RESET_AFTER = 400  # histories: moto keeps all objects in memory
_TOKEN, _NEXT_TOKEN = "xoxb-fake", "xoxb-fake-next"  # no secrets: they open nothing but the fake


class Environment:
    """Run one history after the other. A context manager."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._network = NetworkInterceptor()
        self._moto = MotoServer("cloudtrail_to_slack_dev.fast_moto")
        self._slack = FakeSlack(meet=self._meet)
        self.runs = 0
        self._clients: list[AwsClients] = []
        self._lent: list[AwsClients] = []
        self._folder = Path()
        self._received: list[str] = []
        self._admin: dict[str, Any] = {}
        self._hooks: dict[str, str] = {}  # webhooks by channel
        self._secret = ""

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            opened.enter_context(self._moto)
            opened.enter_context(self._slack)
            cleared = dict.fromkeys(VARIABLES, "")
            environment = {**cleared, **AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": self._moto.url}
            opened.enter_context(mock.patch.dict(os.environ, environment))
            opened.enter_context(self._network.installed())
            opened.enter_context(mock.patch.object(app, "_cached", self._application))
            opened.enter_context(mock.patch.object(app, "AwsClients", self._borrow))
            self._admin = {name: boto3.client(name) for name in ("s3", "dynamodb", "sns", "sqs", "secretsmanager")}
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for client in self._admin.values():
            client.close()
        self._open.close()

    def run(self, history: History) -> Recorder:
        """Run a history; return what was recorded."""
        self._make_ready(fresh=history.needs_fresh_table)
        self._put_files(history)
        slack_port = urlsplit(self._slack.api_url).port
        assert slack_port
        runner = Runner(history, slack_port)
        self._slack.clear()
        self._network.runner = runner
        try:
            with mock.patch.dict(os.environ, self._deployed(history)), contextlib.redirect_stdout(Log(runner)):
                runner.recorder.seen += history.oddities
                self._plant(history)
                self._rotate_token(history.deployment, runner)
                runner.run()
        finally:
            self._network.runner = None
            self._clients += self._lent
            self._lent = []
        runner.read_slack(self._slack.calls)
        return runner.recorder

    def forget(self) -> None:
        """Empty the state table, so that a history can run again."""
        if self._admin["dynamodb"].list_tables()["TableNames"]:
            self._admin["dynamodb"].delete_table(TableName=_TABLE)
        self._admin["dynamodb"].create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def received(self) -> list[str]:
        """Return the ids of the events that the topics' subscribers received since the last call."""
        received, self._received = self._received, []
        for name in ("default", "routed"):
            url = f"{self._moto.url}/123456789012/{name}"
            while got := self._admin["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                bodies = [json.loads(message["Body"]) for message in got]
                received += [body["event_id"] for body in bodies if body.get("event_id")]
                handles = [
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(got)
                ]
                self._admin["sqs"].delete_message_batch(QueueUrl=url, Entries=handles)
        return received

    def _make_ready(self, *, fresh: bool) -> None:
        if self.runs % _RESET_AFTER == 0:
            self._received = self.received() if self.runs else []
            self._moto.reset()
            for bucket in (BUCKET, VERSIONED_BUCKET):
                self._admin["s3"].create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            versioning = {"Status": "Enabled"}
            self._admin["s3"].put_bucket_versioning(Bucket=VERSIONED_BUCKET, VersioningConfiguration=versioning)
            self._secret = self._admin["secretsmanager"].create_secret(Name="token", SecretString="none")["ARN"]
            for arn in TOPICS:
                name = arn.rpartition(":")[2]
                self._admin["sns"].create_topic(Name=name)
                self._admin["sqs"].create_queue(QueueName=name)
                queue = f"arn:aws:sqs:{REGION}:123456789012:{name}"
                raw = {"RawMessageDelivery": "true"}
                self._admin["sns"].subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=raw)
        if fresh or self.runs % _FRESH_TABLE_AFTER == 0:
            self.forget()
        # Its accounts are those of the histories before; its alerts are its own.
        self._admin["dynamodb"].delete_item(TableName=_TABLE, Key={"pk": {"S": f"intervals#{ACCOUNTS[0]}"}})
        self.runs += 1

    def _put_files(self, history: History) -> None:
        """Put a history's log files, and overwrite some."""
        for file in history.files:
            answer = self._admin["s3"].put_object(Bucket=file.bucket, Key=file.key, Body=file.content)
            history.versions[file.key] = answer.get("VersionId", "")
            if file.newer is not None:
                self._admin["s3"].put_object(Bucket=file.bucket, Key=file.key, Body=file.newer)

    def _plant(self, history: History) -> None:
        """Put what is planted into the state table."""
        deployment = history.deployment

        def address(kind: str, account: str) -> str:
            if kind == "sns":
                return deployment.topic(account)
            channel = deployment.channel(account)
            return self._hooks[channel] if kind == "slack_webhook" else channel

        for item in planted_items(history.planted, address, key_and_rules):
            self._admin["dynamodb"].put_item(TableName=_TABLE, Item=item)

    def _rotate_token(self, deployment: Deployment, runner: Runner) -> None:
        """Let Slack take another token from some time on, and the secret be that token a while later."""
        if deployment.rotates is None:
            return
        secrets = self._admin["secretsmanager"]
        secrets.put_secret_value(SecretId=self._secret, SecretString=_TOKEN)
        when, later = deployment.rotates
        next_value = partial(secrets.put_secret_value, SecretId=self._secret, SecretString=_NEXT_TOKEN)
        runner.clock.at(runner.start + when, partial(setattr, self._slack, "bot_token", _NEXT_TOKEN))
        runner.clock.at(runner.start + when + later, next_value)

    def _deployed(self, history: History) -> Mapping[str, str]:
        """Deploy what a history wants; return its environment."""
        deployment, channels = history.deployment, history.deployment.channels
        environment = {"DYNAMODB_TABLE_NAME": _TABLE, "SLACK_API_URL": self._slack.api_url}
        config: dict[str, Any] = {
            "function_name": "cloudtrail-to-slack",
            "use_default_rules": False,
            "rules": _rules(deployment),
            "own_role_arns": [OWN_ROLE],
            "ignore_rules": ["event.get('errorCode') == 'Ignored'"],
            "max_messages_per_channel": deployment.message_limit,
            "deduplicate_deliveries": deployment.deduplicates,
            "enable_missing_log_data_alerts": True,
        }
        if deployment.slack == "slack_app":
            for channel in channels:
                self._slack.add_channel(channel, channel.lower())
            self._slack.bot_token = _TOKEN
            token = {"SLACK_BOT_TOKEN_SECRET_ARN": self._secret} if deployment.rotates else {"SLACK_BOT_TOKEN": _TOKEN}
            environment |= token
            config["slack"] = {"default_channel_id": channels[0], "routes": _routes(channels, "slack_channel_id")}
        elif deployment.slack:
            hooks = [self._slack.add_webhook(channel) for channel in channels]
            self._hooks = dict(zip(channels, hooks, strict=True))
            environment["SLACK_WEBHOOK_URL"] = hooks[0]
            if hooks[1:]:
                environment["SLACK_WEBHOOK_ROUTES"] = json.dumps(_routes(hooks, "slack_hook_url"))
        if deployment.sns:
            routes = [{"accounts": [ACCOUNTS[1]], "sns_topic_arn": TOPICS[1]}]
            config["sns"] = {"default_topic_arn": TOPICS[0], "routes": routes}
        path = self._folder / "config.json"
        path.write_text(json.dumps(config))
        return {**environment, "CONFIG_PATH": str(path)}

    def _meet(self, method: str, channel: str | None) -> Fault | None:
        return self._network.runner.meet_slack(method, channel) if self._network.runner else None

    def _application(self, _key: object) -> app.Application:
        """Return the application of the container that is running, which lives as long as that does."""
        assert self._network.runner
        container = self._network.runner.container
        if container.application is None:
            container.application = app.Application(read_settings(os.environ))
        return container.application

    def _borrow(self) -> AwsClients:
        """Return AWS clients that no other container uses; creating them takes longer than a history."""
        clients = self._clients.pop() if self._clients else AwsClients()
        if "secrets" in vars(clients):
            clients.secrets.store.clear()
        self._lent.append(clients)
        return clients


def _routes(places: tuple[str, ...] | list[str], name: str) -> list[dict[str, Any]]:
    """Return the routes of all accounts that have one."""
    last = len(places) - 1
    return [
        {"accounts": [account], name: places[min(number, last)]}
        for number, account in enumerate(ACCOUNTS)
        if number and last
    ]


def _rules(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the rules that are deployed."""
    fragile = [{**FRAGILE_RULE, "severity": deployment.fragile}] if deployment.fragile else []
    counted = [COUNTED_RULE] if deployment.counts else []
    return [*RULES, *fragile, *counted, *(UNUSABLE_RULES if deployment.unusable else ())]
