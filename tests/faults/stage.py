"""Where histories are played: one moto server and one Slack stand-in per process, and the real handler."""

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock
from urllib.parse import urlsplit

import boto3

from cloudtrail_to_slack import handler
from cloudtrail_to_slack.aws_clients import AwsClients
from cloudtrail_to_slack.settings import VARIABLES, read_settings
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer
from cloudtrail_to_slack_dev.slack_standin import Fault, SlackStandIn
from faults.diary import Diary
from faults.histories import ACCOUNTS, BUCKET, REGION, RULES, TOPICS, History
from faults.play import Play
from faults.wire import Wire

_TABLE = "cloudtrail-to-slack-table"
_FRESH_TABLE_AFTER = 8  # histories: moto copies all of a table in each transaction
_RESET_AFTER = 400  # histories: moto keeps all objects in memory


class Stage:
    """A place to play one history after the other. A context manager."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._wire = Wire()
        self._moto = MotoServer("cloudtrail_to_slack_dev.quick_moto")
        self._slack = SlackStandIn(meet=self._meet)
        self.played = 0
        self._clients: list[AwsClients] = []
        self._lent: list[AwsClients] = []
        self._folder = Path()
        self._heard: list[str] = []
        self._admin: dict[str, Any] = {}

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            opened.enter_context(self._moto)
            opened.enter_context(self._slack)
            cleared = dict.fromkeys(VARIABLES, "")
            environment = {**cleared, **AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": self._moto.url}
            opened.enter_context(mock.patch.dict(os.environ, environment))
            opened.enter_context(self._wire.laid())
            opened.enter_context(mock.patch.object(handler, "_application", self._application))
            opened.enter_context(mock.patch.object(handler, "AwsClients", self._borrow))
            self._admin = {name: boto3.client(name) for name in ("s3", "dynamodb", "sns", "sqs")}
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for client in self._admin.values():
            client.close()
        self._open.close()

    def play(self, history: History) -> Diary:
        """Play a history; return what was seen of it."""
        self._make_ready()
        for key, content in history.objects.items():
            self._admin["s3"].put_object(Bucket=BUCKET, Key=key, Body=content)
        slack_port = urlsplit(self._slack.api_url).port
        assert slack_port
        play = Play(history, slack_port)
        self._slack.clear()
        self._wire.play = play
        try:
            with mock.patch.dict(os.environ, self._deployed(history)), self._listening(play):
                play.run()
        finally:
            self._wire.play = None
            self._clients += self._lent
            self._lent = []
        play.read_slack(self._slack.calls)
        return play.diary

    def forget(self) -> None:
        """Begin with an empty table, so that a history can be played again."""
        if self._admin["dynamodb"].list_tables()["TableNames"]:
            self._admin["dynamodb"].delete_table(TableName=_TABLE)
        self._admin["dynamodb"].create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def heard(self) -> list[str]:
        """Return the ids of the events that subscribers of the topics have heard of since they were last asked."""
        heard, self._heard = self._heard, []
        for name in ("default", "routed"):
            url = f"{self._moto.url}/123456789012/{name}"
            while got := self._admin["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                bodies = [json.loads(message["Body"]) for message in got]
                heard += [body["event_id"] for body in bodies if body.get("event_id")]
                handles = [
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(got)
                ]
                self._admin["sqs"].delete_message_batch(QueueUrl=url, Entries=handles)
        return heard

    def _make_ready(self) -> None:
        if self.played % _RESET_AFTER == 0:
            self._heard = self.heard() if self.played else []
            self._moto.reset()
            self._admin["s3"].create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
            for arn in TOPICS:
                name = arn.rpartition(":")[2]
                self._admin["sns"].create_topic(Name=name)
                self._admin["sqs"].create_queue(QueueName=name)
                queue = f"arn:aws:sqs:{REGION}:123456789012:{name}"
                raw = {"RawMessageDelivery": "true"}
                self._admin["sns"].subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=raw)
        if self.played % _FRESH_TABLE_AFTER == 0:
            self.forget()
        # Its accounts are those of the histories before; its alerts are its own.
        self._admin["dynamodb"].delete_item(TableName=_TABLE, Key={"pk": {"S": f"rhythm#{ACCOUNTS[0]}"}})
        self.played += 1

    def _deployed(self, history: History) -> Mapping[str, str]:
        """Deploy what a history wants; return its environment."""
        deployment, channels = history.deployment, history.deployment.channels
        environment = {"DYNAMODB_TABLE_NAME": _TABLE, "SLACK_API_URL": self._slack.api_url}
        config: dict[str, Any] = {
            "function_name": "cloudtrail-to-slack",
            "use_default_rules": False,
            "rules": list(RULES),
            "ignore_rules": ["event.get('errorCode') == 'Ignored'"],
            "max_messages_per_channel": deployment.budget,
            "deduplicate_deliveries": deployment.promises_once,
            "enable_silence_alarm": True,
        }
        if deployment.slack == "slack_app":
            for channel in channels:
                self._slack.add_channel(channel, channel.lower())
            environment["SLACK_BOT_TOKEN"] = self._slack.bot_token
            config["slack"] = {"default_channel_id": channels[0], "routes": _routes(channels, "slack_channel_id")}
        elif deployment.slack:
            hooks = [self._slack.add_webhook(channel) for channel in channels]
            environment["SLACK_WEBHOOK_URL"] = hooks[0]
            if hooks[1:]:
                environment["SLACK_WEBHOOK_ROUTES"] = json.dumps(_routes(hooks, "slack_hook_url"))
        if deployment.sns:
            routes = [{"accounts": [ACCOUNTS[1]], "sns_topic_arn": TOPICS[1]}]
            config["sns"] = {"default_topic_arn": TOPICS[0], "routes": routes}
        path = self._folder / "config.json"
        path.write_text(json.dumps(config))
        return {**environment, "CONFIG_PATH": str(path)}

    @contextmanager
    def _listening(self, play: Play) -> Iterator[None]:
        """Read the lines that close invocations; the rest of the log is left unread."""

        class Log(io.StringIO):
            def write(self, text: str) -> int:
                if '"invocation finished"' in text and play.invocation:
                    play.invocation.closing = json.loads(text)
                return len(text)

        with contextlib.redirect_stdout(Log()):
            yield

    def _meet(self, method: str, channel: str | None) -> Fault | None:
        return self._wire.play.meet_slack(method, channel) if self._wire.play else None

    def _application(self, _key: object) -> handler.Application:
        """Return the application of the container that is running, which lives as long as that does."""
        assert self._wire.play
        container = self._wire.play.container
        if container.application is None:
            container.application = handler.Application(read_settings(os.environ))
        return container.application

    def _borrow(self) -> AwsClients:
        """Return AWS clients that no other container uses; making them takes longer than a history."""
        clients = self._clients.pop() if self._clients else AwsClients()
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
