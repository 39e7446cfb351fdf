"""`doctor` finds each fault of a deployed function, names its fix, and finds nothing in one that works."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from integration.cli.deployed import ACCOUNT, BUCKET, CHANNEL, NAME, TABLE, Deployed, deploy, zip_of
from support.app_environment import AppEnvironment
from support.command_line import cloudtrail_to_slack


@pytest.fixture
def deployed(app_env: AppEnvironment) -> Deployed:
    """A function in good order."""
    return deploy(app_env)


def test_a_function_in_good_order_has_no_findings(deployed: Deployed) -> None:
    """Nothing is found, the exit code is 0, and the text says what was looked at."""
    ran, found = deployed.doctor()
    assert (ran.code, found) == (0, {})
    text = cloudtrail_to_slack("doctor", *deployed.arguments())
    assert text.code == 0
    assert "0 problems, 0 warnings, 0 not checked" in text.out
    assert "\x1b" not in text.out
    assert deployed.app_env.slack.bot_token not in ran.out + text.out


def _without(action: str) -> Callable[[Deployed], None]:
    def break_it(deployed: Deployed) -> None:
        left = [each for each in deployed.statements() if action not in each["Action"]]
        deployed.set_policy(left)

    return break_it


def _environment(**changes: str) -> Callable[[Deployed], None]:
    return lambda deployed: deployed.update(Environment={"Variables": {**deployed.environment, **changes}})


def _config(**changes: Any) -> Callable[[Deployed], None]:
    return lambda deployed: deployed.config.update(changes)


def _notify(*filters: str) -> Callable[[Deployed], None]:
    def break_it(deployed: Deployed) -> None:
        arn = deployed.deployment().function["FunctionArn"]
        targets = [
            {
                "LambdaFunctionArn": arn,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
            }
            for prefix in filters
        ]
        deployed.aws("s3").put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": targets}
        )

    return break_it


def _move_logs(deployed: Deployed) -> None:
    s3 = deployed.aws("s3")
    for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    s3.put_object(Bucket=BUCKET, Key="elsewhere/AWSLogs/x.json.gz", Body=b"")


def _put_other_objects(deployed: Deployed) -> None:
    _move_logs(deployed)
    deployed.aws("s3").put_object(Bucket=BUCKET, Key="AWSLogs/notes.txt", Body=b"")


def _drop_bucket(deployed: Deployed) -> None:
    statements = deployed.statements()
    statements[0]["Resource"] = "arn:aws:s3:::no-such-bucket-anywhere/*"
    deployed.set_policy(statements)


def _drop_table(deployed: Deployed) -> None:
    deployed.aws("dynamodb").delete_table(TableName=TABLE)


def _other_key(deployed: Deployed) -> None:
    _drop_table(deployed)
    deployed.aws("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _no_time_to_live(deployed: Deployed) -> None:
    live = {"AttributeName": "expires_at", "Enabled": False}
    deployed.aws("dynamodb").update_time_to_live(TableName=TABLE, TimeToLiveSpecification=live)


def _put_dead_letter(deployed: Deployed) -> None:
    sqs = deployed.aws("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="alerts-dead-letters")["QueueUrl"], MessageBody="{}")


def _drop_dead_letters(deployed: Deployed) -> None:
    sqs = deployed.aws("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="alerts-dead-letters")["QueueUrl"])


def _drop_topic(deployed: Deployed) -> None:
    deployed.aws("sns").delete_topic(TopicArn=deployed.topic)


def _unsubscribe(deployed: Deployed) -> None:
    sns = deployed.aws("sns")
    for each in sns.list_subscriptions_by_topic(TopicArn=deployed.topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def _stop(deployed: Deployed) -> None:
    deployed.aws("lambda").put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)


def _queue(**changes: Any) -> Callable[[Deployed], None]:
    def break_it(deployed: Deployed) -> None:
        sqs = deployed.aws("sqs")
        url = sqs.create_queue(QueueName="alerts")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        deployed.aws("lambda").create_event_source_mapping(FunctionName=NAME, EventSourceArn=arn, **changes)

    return break_it


def _leave_channel(deployed: Deployed) -> None:
    deployed.app_env.slack.add_channel("C0TEAM", "team", bot_is_member=False)


def _archive(deployed: Deployed) -> None:
    deployed.app_env.slack.add_channel("C0TEAM", "team", archived=True)


def _scopes(*scopes: str) -> Callable[[Deployed], None]:
    return lambda deployed: setattr(deployed.app_env.slack, "scopes", list(scopes))


_FAULTS: dict[str, tuple[Callable[[Deployed], None], str, str]] = {
    "no concurrency": (_stop, "function", "problem: its reserved concurrency is 0"),
    "broken configuration": (_config(slack=[]), "configuration", "problem: the function cannot start"),
    "unusable rule": (_config(rules=["event["]), "configuration", r"problem: .*rules\[0\]"),
    "no permission for the table": (
        _without("dynamodb:PutItem"),
        "permissions",
        "may not dynamodb:PutItem on .*alerts",
    ),
    "no permission for the topic": (_without("sns:Publish"), "permissions", "may not sns:Publish"),
    "no permission for logs": (_without("logs:PutLogEvents"), "permissions", "may not logs:PutLogEvents"),
    "no permission for dead letters": (_without("sqs:SendMessage"), "permissions", "may not sqs:SendMessage"),
    "no permission for log files": (_without("s3:GetObject"), "log files", "names no bucket"),
    "no permission for a secret": (
        _environment(SLACK_BOT_TOKEN="", SLACK_BOT_TOKEN_SSM_PARAMETER="/token"),
        "permissions",
        "may not ssm:GetParameter on .*parameter/token",
    ),
    "no bucket": (_drop_bucket, "log files", "there is no bucket"),
    "wrong prefix": (_move_logs, "log files", "problem: there is no object in s3://trail-bucket/AWSLogs/"),
    "no log files": (_put_other_objects, "log files", "warning: none of the first 1 objects"),
    "no notification": (_notify(), "notification", "does not notify anything of new objects"),
    "other prefix": (_notify("o/AWSLogs/"), "notification", "'o/AWSLogs/' alone"),
    "mapping disabled": (_queue(Enabled=False), "queue", "Lambda does not read"),
    "mapping without partial failures": (_queue(), "queue", "treats partial failures as success"),
    "no table": (_drop_table, "state table", "problem: there is no table"),
    "other key": (_other_key, "state table", "problem: .* another key"),
    "no time to live": (_no_time_to_live, "state table", "warning: .* never deletes expired items"),
    "no table set": (_environment(DYNAMODB_TABLE_NAME=""), "state table", "warning: there is none"),
    "no topic": (_drop_topic, "topics", "problem: there is no topic"),
    "no subscription": (_unsubscribe, "topics", "problem: .* has no confirmed subscription"),
    "dead letters": (_put_dead_letter, "dead letters", "problem: 1 failed notification"),
    "no dead-letter queue": (_drop_dead_letters, "dead letters", "problem: there is no queue"),
    "wrong token": (_environment(SLACK_BOT_TOKEN="xoxb-wrong"), "slack", "problem: Slack refuses .* invalid_auth"),
    "missing secret": (
        _environment(SLACK_BOT_TOKEN="", SLACK_BOT_TOKEN_SSM_PARAMETER="/token"),
        "slack",
        r"problem: SLACK_BOT_TOKEN_SSM_PARAMETER cannot be read \(ParameterNotFound\)",
    ),
    "no scope": (_scopes("channels:read"), "slack", "problem: the bot lacks the scope chat:write"),
    "no scope to look": (_scopes("chat:write"), "slack", "not checked: whether the bot is in channel C0"),
    "not in channel": (_leave_channel, "slack", f"problem: the bot is not in channel C0TEAM .{ACCOUNT}"),
    "archived": (_archive, "slack", "problem: channel C0TEAM .* is archived"),
    "no such channel": (_config(slack={"default_channel_id": "C0GONE"}), "slack", "C0GONE .* channel_not_found"),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_each_fault_is_found_with_its_fix(deployed: Deployed, fault: str) -> None:
    """Each fault is found in its area, in words that name it, with a fix, and the exit code is 1."""
    break_it, area, expected = _FAULTS[fault]
    break_it(deployed)
    ran, found = deployed.doctor()
    assert any(re.search(expected, what) for what in found.get(area, [])), found
    assert ran.code == (0 if "not checked" in expected else 1)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ('{"token": "%s"}', []),
        ('"%s"', []),
        ('{"token": "%s", "more": "x"}', ["SLACK_BOT_TOKEN_SECRET_ARN holds JSON"]),
    ],
)
def test_a_secret_is_read_as_the_function_reads_it(deployed: Deployed, document: str, found: list[str]) -> None:
    """A token alone in a JSON document is usable; one of several values is not, and the token is never shown."""
    token = deployed.app_env.slack.bot_token
    secret = deployed.aws("secretsmanager").create_secret(Name="token", SecretString=document % token)
    _environment(SLACK_BOT_TOKEN="", SLACK_BOT_TOKEN_SECRET_ARN=secret["ARN"])(deployed)
    ran, findings = deployed.doctor()
    problems = [what.removeprefix("problem: ").partition(":")[0] for what in findings.get("slack", [])]
    assert problems == found
    assert token not in ran.out


def test_no_activity_is_found(app_env: AppEnvironment) -> None:
    """Without metrics of the last two weeks no log file was read and no message sent."""
    deployed = deploy(app_env)
    app_env.aws("lambda").create_function(
        FunctionName="quiet",
        Role=deployed.role,
        Runtime="python3.13",
        Handler="h",
        Code={"ZipFile": zip_of({"h.py": b""})},
        Environment={"Variables": deployed.environment},
        DeadLetterConfig={"TargetArn": deployed.dead_letters},
    )
    ran = cloudtrail_to_slack("doctor", *deployed.arguments(), "--function", "quiet", "--format", "json")
    whats = [each["what"] for each in json.loads(ran.out) if each["area"] == "activity"]
    assert whats == ["no log file was read in 14 days", "no message was sent in 14 days"]


def test_test_alerts_go_through_every_route(deployed: Deployed) -> None:
    """--send-test sends one marked message to each channel and topic, and names who is routed there."""
    ran, found = deployed.doctor("--send-test")
    assert (ran.code, found) == (0, {})
    texts = [message.text for channel in (CHANNEL, "C0TEAM") for message in deployed.app_env.slack.messages(channel)]
    assert len(texts) == 2
    assert all(text.startswith("TEST: ") for text in texts)
    assert ACCOUNT in texts[1]
    assert sum("sent to" in each["what"] for each in json.loads(ran.out)) == 3


def test_a_test_alert_that_is_refused_names_the_fix(deployed: Deployed) -> None:
    """What Slack and SNS answer to a test alert is found, route by route, and the others are sent."""
    deployed.app_env.slack.fail(SlackError("not_in_channel"), method="chat.postMessage")
    _drop_topic(deployed)
    _, found = deployed.doctor("--send-test")
    assert [what for what in found["test alert"] if "not_in_channel" in what]
    assert [what for what in found["test alert"] if "SNS answers NotFound" in what]
    assert len(deployed.app_env.slack.messages("C0TEAM")) == 1


def test_webhooks_are_tested_without_showing_them(deployed: Deployed) -> None:
    """With webhooks the default and the routed one get a test alert, and their addresses are never shown."""
    slack, routed = deployed.app_env.slack, deployed.app_env.slack.add_webhook("C0TEAM")
    default = slack.add_webhook(CHANNEL)
    routes = [{"accounts": [ACCOUNT], "slack_hook_url": routed}]
    del deployed.config["slack"]
    _environment(SLACK_BOT_TOKEN="", SLACK_WEBHOOK_URL=default, SLACK_WEBHOOK_ROUTES=json.dumps(routes))(deployed)
    ran, found = deployed.doctor("--send-test")
    assert found == {}
    assert (len(slack.messages(CHANNEL)), len(slack.messages("C0TEAM"))) == (1, 1)
    assert not any(url.rsplit("/", 1)[1] in ran.out for url in (default, routed))
    slack.remove_webhook(routed)
    assert "no_service" in str(deployed.doctor("--send-test")[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--function", "no-such"], "there is no function no-such in eu-west-1: check --function"),
        (["--profile", "no-such"], "profile"),
    ],
)
def test_what_cannot_be_looked_at_is_said_plainly(deployed: Deployed, arguments: list[str], message: str) -> None:
    """A wrong name ends with one line and exit code 2, without a traceback."""
    ran = cloudtrail_to_slack("doctor", *deployed.arguments(), *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.fixture
def layer_url() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Serve a file as Lambda serves the content of a layer."""
    served: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(served["layer"])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is http.server's)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/layer", served
        server.shutdown()


def test_the_configuration_comes_from_the_layers(deployed: Deployed, layer_url: tuple[str, dict[str, bytes]]) -> None:
    """Without --config, config.json is read from the layer that contains it; if there is none, that is said."""
    url, served = layer_url
    served["layer"] = zip_of({"config.json": json.dumps(deployed.config).encode()})
    layer = deployed.aws("lambda").publish_layer_version(LayerName="config", Content={"ZipFile": served["layer"]})
    deployed.update(Layers=[layer["LayerVersionArn"]])
    found = deployed.deployment()
    found.session.events.register(
        "after-call.lambda.GetLayerVersion", lambda parsed, **_: parsed["Content"].update(Location=url)
    )
    assert found.settings.config.slack.default == CHANNEL
    served["layer"] = zip_of({"other.json": b"{}"})
    again = deployed.deployment()
    again.session.events.register(
        "after-call.lambda.GetLayerVersion", lambda parsed, **_: parsed["Content"].update(Location=url)
    )
    with pytest.raises(CommandError, match="give --config"):
        _ = again.settings
