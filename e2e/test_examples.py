"""Every example, from `terraform apply` to the alert and back to nothing."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from stage.cloud import ACCOUNT, Cloud
from stage.deployed import deployed
from stage.functions import Function, find_runtime
from stage.records import stop_logging
from stage.slack import keep_secrets
from stage.terraform import EXAMPLES, Deployment

pytest_plugins = ["stage.fixtures"]

_ELSEWHERE = "444455556666"  # an account that no example routes
_BUCKET = re.compile(r'cloudtrail_logs_s3_bucket_name\s*=\s*"([^"]+)"')
_OWNER = re.compile(r'cloudtrail_logs_s3_bucket_account_id\s*=\s*"([^"]+)"')
# One region's: several regions, with the tripwire beside the function, are planned in the tests of the module. The
# function that starts logging again has a test of its own, and backtests have no function.
_ELSEWHERE_TESTED = frozenset({"backtest", "multi_region", "restart_logging"})
_EXAMPLES = sorted({path.parent.name for path in EXAMPLES.glob("*/main.tf")} - _ELSEWHERE_TESTED)
assert _EXAMPLES, "there are no examples to test"


@dataclass
class Stage:
    """An example that is applied, and what it lives among."""

    deployment: Deployment
    cloud: Cloud
    slack: FakeSlack
    bucket: str
    bucket_account: str
    function: Function
    configuration: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the function's configuration gives it."""
        environment: dict[str, str] = self.configuration["Environment"]["Variables"]
        return environment

    def run(self, invocation: dict[str, Any]) -> None:
        """Run the function on what it is invoked with; it must succeed."""
        assert invocation["function_name"] == self.configuration["FunctionName"]
        here = {**self.cloud.environment, "SLACK_API_URL": self.slack.api_url}
        result = self.function.invoke(invocation["event"], here)
        assert not result.failed, result.log
        assert result.answer.get("batchItemFailures", []) == [], result.log


@pytest.fixture(params=_EXAMPLES)
def stage(request: pytest.FixtureRequest, cloud: Cloud, slack: FakeSlack, tmp_path: Path) -> Iterator[Stage]:
    """An example that is applied, its second plan empty; afterwards it is destroyed, and nothing is left."""
    runtime = find_runtime()
    deployment = Deployment.of(request.param, tmp_path / "module", cloud.environment)
    buckets = _BUCKET.findall(deployment.text)  # none where the example creates it
    (owner,) = _OWNER.findall(deployment.text) or [ACCOUNT]
    for name in buckets:
        cloud.make_bucket(name, owner)
    deployment.set_over(lambda_runtime=runtime.name, lambda_architecture=runtime.architecture)
    before = cloud.inventory()
    deployment.apply()
    deployment.expect_no_changes()
    (bucket,) = buckets or [found["id"] for found in deployment.resources() if found["type"] == "aws_s3_bucket"]
    configuration, function = deployed(deployment, cloud, runtime, tmp_path / "lambda")
    yield Stage(deployment, cloud, slack, bucket, owner, function, configuration)
    cloud.stop_listening()
    deployment.destroy()
    assert deployment.resources() == []
    assert cloud.inventory() == before
    if buckets and owner == ACCOUNT:
        assert cloud.notification_configuration(bucket) == {}


def _by_account(routes: dict[str, Any] | None, default: str, address: str) -> dict[str, str]:
    """Return where config.json sends what happens in an account; "" is any that no route names."""
    found = {"": routes[default]} if routes and routes.get(default) else {}
    for route in (routes or {}).get("routes") or []:
        found |= dict.fromkeys(route["accounts"], route[address])
    return found


def test_a_log_file_becomes_alerts(stage: Stage) -> None:
    """A log file in the bucket reaches the function as it was deployed, and is delivered once, where it belongs."""
    channels, topics = _slack_channels(stage), _topics(stage)
    assert channels or topics
    if stage.bucket_account != ACCOUNT:
        _do_what_the_owner_must(stage)
    for invocation in stage.cloud.take_invocations():  # what S3 sends when it is set up
        stage.run(invocation)
    assert stage.slack.calls == []

    accounts = sorted({_ELSEWHERE, *channels, *topics} - {""})
    invocations = _put_log_file(stage, [stop_logging(account) for account in accounts])
    for invocation in invocations * 2:  # everything on the way may deliver twice
        stage.run(invocation)

    _check_slack(stage, channels, accounts)
    _check_topics(stage, topics, accounts)


def _slack_channels(stage: Stage) -> dict[str, str]:
    """Return the channel for each account, and put what the function needs for it in its place."""
    channels = keep_secrets(stage.slack, stage.cloud, stage.environment, stage.function.config)
    if any(name.startswith("SLACK_BOT_TOKEN") for name in stage.environment):
        channels = _by_account(stage.function.config["slack"], "default_channel_id", "slack_channel_id")
        for channel in channels.values():
            stage.slack.add_channel(channel, channel.lower())
    return channels


def _topics(stage: Stage) -> dict[str, str]:
    """Return the topic for each account, and listen to it."""
    topics = _by_account(stage.function.config["sns"], "default_topic_arn", "sns_topic_arn")
    for topic in set(topics.values()):
        stage.cloud.listen(topic)
    return topics


def _do_what_the_owner_must(stage: Stage) -> None:
    """Put the outputs that are made for the bucket's owner where they belong."""
    outputs = stage.deployment.outputs()
    s3 = stage.cloud.client("s3", account=stage.bucket_account)
    s3.put_bucket_policy(Bucket=stage.bucket, Policy=outputs["trail_bucket_policy"])
    s3.put_bucket_notification_configuration(
        Bucket=stage.bucket, NotificationConfiguration=json.loads(outputs["bucket_notification_configuration"])
    )


def _put_log_file(stage: Stage, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put a log file as CloudTrail does, and return what the function is invoked with for it."""
    prefix = stage.cloud.notification_prefix(stage.bucket)
    name = f"{_ELSEWHERE}_CloudTrail_eu-west-1_20260314T0930Z_{uuid.uuid4().hex[:16]}.json.gz"
    key = f"{prefix}{_ELSEWHERE}/CloudTrail/eu-west-1/2026/03/14/{name}"
    stage.cloud.put_log_file(stage.bucket, key, records)
    invocations = (
        stage.cloud.s3_invocations(stage.bucket, key, stage.bucket_account) or stage.cloud.wait_for_invocations()
    )
    assert invocations, "nothing invoked the function"
    assert name in json.dumps(invocations)
    return invocations


def _check_slack(stage: Stage, channels: dict[str, str], accounts: list[str]) -> None:
    """In each channel stand the alerts of its accounts, each once, and nothing else."""
    for channel in set(channels.values()):
        expected = [account for account in accounts if channels.get(account, channels.get("")) == channel]
        said = [json.dumps([message.text, message.blocks]) for message in stage.slack.messages(channel)]
        assert len(said) == len(expected), said
        for account in expected:
            # Its own account, not that in the log file's key.
            assert len([text for text in said if f"account {account}" in text and "StopLogging" in text]) == 1
    assert [call.error for call in stage.slack.calls if not call.accepted] == []


def _check_topics(stage: Stage, topics: dict[str, str], accounts: list[str]) -> None:
    """On each topic were published the alerts of its accounts, each once, and nothing else."""
    for topic in set(topics.values()):
        expected = [account for account in accounts if topics.get(account, topics.get("")) == topic]
        bodies = stage.cloud.published(topic)
        assert sorted(body["account_id"] for body in bodies) == expected
        assert {body["event_name"] for body in bodies} <= {"StopLogging"}
