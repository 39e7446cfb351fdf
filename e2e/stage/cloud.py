"""AWS for one test: what exists before the module, what happens to the bucket, and what came of it."""

import gzip
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3

ACCOUNT = "123456789012"  # the account of all callers of moto
_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@dataclass
class Cloud:
    """An AWS of one region, behind one endpoint. `invocations` is the folder that functions' events are kept in."""

    endpoint: str
    region: str
    invocations: Path
    _listeners: dict[str, str] = field(default_factory=dict)
    _rules: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to work with this AWS and no other."""
        nowhere = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
        here = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        return {**_KEYS, **nowhere, **here}

    def client(self, service: Any, *, region: str | None = None, account: str = ACCOUNT) -> Any:
        """Return a client of a service, in any region and account."""
        keys: dict[str, Any] = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        if account != ACCOUNT:
            role = f"arn:aws:iam::{account}:role/tester"
            taken = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            keys = {"aws_access_key_id": taken["AccessKeyId"], "aws_secret_access_key": taken["SecretAccessKey"],
                    "aws_session_token": taken["SessionToken"]}  # fmt: skip
        session: Any = boto3.Session(region_name=region or self.region, **keys)
        return session.client(service, endpoint_url=self.endpoint)

    def make_bucket(self, name: str, account: str) -> None:
        """Make a bucket that belongs to an account."""
        place = {"LocationConstraint": self.region}
        self.client("s3", account=account).create_bucket(Bucket=name, CreateBucketConfiguration=place)

    def listen(self, topic_arn: str) -> None:
        """Make the topic if there is none, and keep what is published to it from now on."""
        _, _, _, region, account, name = topic_arn.split(":")
        topics = self.client("sns", region=region, account=account)
        topics.create_topic(Name=name)
        queues = self.client("sqs", region=region, account=account)
        url = queues.create_queue(QueueName=f"heard-from-{name}")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topics.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
        self._listeners[topic_arn] = url

    def published(self, topic_arn: str) -> list[dict[str, Any]]:
        """Return what was published since the last call: the bodies, parsed."""
        _, _, _, region, account, _ = topic_arn.split(":")
        queues, url = self.client("sqs", region=region, account=account), self._listeners[topic_arn]
        found: list[dict[str, Any]] = []
        while messages := queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(json.loads(message["Body"])["Message"]))
                queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def listen_to_rule(self, rule: str) -> Callable[[], list[dict[str, Any]]]:
        """Put a queue beside a rule's targets; return a function that gives the events since then."""
        queues = self.client("sqs")
        url = queues.create_queue(QueueName=f"heard-from-{rule}")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.client("events").put_targets(Rule=rule, Targets=[{"Id": "listener", "Arn": arn}])
        self._rules[rule] = url

        def heard() -> list[dict[str, Any]]:
            messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in messages]

        return heard

    def stop_listening_to_rules(self) -> None:
        """Remove what `listen_to_rule` needed."""
        for rule, url in self._rules.items():
            self.client("events").remove_targets(Rule=rule, Ids=["listener"])
            self.client("sqs").delete_queue(QueueUrl=url)

    def put_event(self, record: Mapping[str, Any], region: str, *, source: str | None = None) -> None:
        """Put a record of an API call on a region's bus, as CloudTrail does, or as another `source` would."""
        source = source or f"aws.{record['eventSource'].removesuffix('.amazonaws.com')}"
        entry = {"Source": source, "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(record)}
        assert self.client("events", region=region).put_events(Entries=[entry])["FailedEntryCount"] == 0

    def stop_listening(self) -> None:
        """Remove what `listen` needed."""
        for topic_arn, url in self._listeners.items():
            _, _, _, region, account, _ = topic_arn.split(":")
            self.client("sqs", region=region, account=account).delete_queue(QueueUrl=url)

    def put_log_file(self, bucket: str, key: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Put a log file as CloudTrail does."""
        self.client("s3").put_object(
            Bucket=bucket, Key=key, Body=gzip.compress(json.dumps({"Records": records}).encode())
        )

    def take_invocations(self) -> list[dict[str, Any]]:
        """Return what functions were invoked with since the last call."""
        found = []
        for path in sorted(self.invocations.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
            found.append(json.loads(path.read_text()))
            path.unlink()
        return found

    def wait_for_invocations(self, seconds: float = 20) -> list[dict[str, Any]]:
        """Wait until a function is invoked, and return what with."""
        until = time.monotonic() + seconds
        while not (found := self.take_invocations()) and time.monotonic() < until:
            time.sleep(0.1)
        return found

    def notification_prefix(self, bucket: str) -> str:
        """Return what the keys begin with that the bucket's notifications are for."""
        found = self.notification_configuration(bucket)
        (prefix,) = {
            rule["Value"]
            for key, configurations in found.items()
            if key.endswith("Configurations")
            for configuration in configurations
            for rule in configuration["Filter"]["Key"]["FilterRules"]
            if rule["Name"].lower() == "prefix"
        }
        return str(prefix)

    def inventory(self) -> set[str]:
        """Return the names of everything that a deployment could have made."""
        lister: dict[tuple[str, str, str], Callable[[Any], str]] = {
            ("lambda", "list_functions", "Functions"): lambda found: found["FunctionArn"],
            ("lambda", "list_layers", "Layers"): lambda found: found["LayerArn"],
            ("lambda", "list_event_source_mappings", "EventSourceMappings"): lambda found: found["UUID"],
            ("iam", "list_roles", "Roles"): lambda found: found["Arn"],
            ("dynamodb", "list_tables", "TableNames"): str,
            ("sqs", "list_queues", "QueueUrls"): str,
            ("sns", "list_topics", "Topics"): lambda found: found["TopicArn"],
            ("sns", "list_subscriptions", "Subscriptions"): lambda found: found["SubscriptionArn"],
            ("logs", "describe_log_groups", "logGroups"): lambda found: found["arn"],
            ("events", "list_rules", "Rules"): lambda found: found["Arn"],
            ("cloudwatch", "describe_alarms", "MetricAlarms"): lambda found: found["AlarmArn"],
            ("cloudwatch", "list_dashboards", "DashboardEntries"): lambda found: found["DashboardArn"],
        }
        found = set()
        for (service, method, key), name in lister.items():
            found |= {f"{service}: {name(item)}" for item in getattr(self.client(service), method)().get(key, [])}
        return found

    def notification_configuration(self, bucket: str) -> dict[str, Any]:
        """Return a bucket's notification configuration as it was put."""
        found: dict[str, Any] = self.client("s3").get_bucket_notification_configuration(Bucket=bucket)
        del found["ResponseMetadata"]
        return found

    def s3_invocations(self, bucket: str, key: str, account: str) -> list[dict[str, Any]]:
        """Return what S3 itself would invoke functions with for a new object; moto leaves functions out.

        S3 does so where the bucket's notification configuration says so and the function's policy lets it.
        """
        found = self.notification_configuration(bucket)
        return [
            {"function_name": arn.rpartition(":")[2], "event": _s3_event(self.region, bucket, key)}
            for configuration in found.get("LambdaFunctionConfigurations", [])
            if _asks_for(configuration, key)
            and self._may_invoke(arn := configuration["LambdaFunctionArn"], bucket, account)
        ]

    def _may_invoke(self, function_arn: str, bucket: str, account: str) -> bool:
        policy = json.loads(self.client("lambda").get_policy(FunctionName=function_arn)["Policy"])
        return any(
            statement["Principal"] == {"Service": "s3.amazonaws.com"}
            and statement["Condition"]["ArnLike"]["AWS:SourceArn"] == f"arn:aws:s3:::{bucket}"
            and statement["Condition"]["StringEquals"]["AWS:SourceAccount"] == account
            for statement in policy["Statement"]
        )


def _asks_for(configuration: Mapping[str, Any], key: str) -> bool:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    wanted = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return (
        "s3:ObjectCreated:*" in configuration["Events"]
        and key.startswith(wanted.get("prefix", ""))
        and key.endswith(wanted.get("suffix", ""))
    )


def _s3_event(region: str, bucket: str, key: str) -> dict[str, Any]:
    """Return the event; source: Amazon S3 User Guide, "Event message structure"."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": region,
                "eventTime": "2026-03-14T09:35:00.000Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:AROAEXAMPLE:CloudTrail"},
                "requestParameters": {"sourceIPAddress": "203.0.113.1"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {"key": quote_plus(key, safe="/")},
                },
            }
        ]
    }
