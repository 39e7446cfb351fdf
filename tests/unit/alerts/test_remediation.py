"""The command that restores what a call to CloudTrail removed."""

import html
import json
import shlex
from typing import Any

import boto3
import pytest
from botocore import xform_name
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.remediation import remediation_command
from cloudtrail_to_slack.destinations.slack.render.alert import (
    alert_message,
    compact_message,
    minimal_message,
    plain_message,
    reply_message,
)
from cloudtrail_to_slack.destinations.sns.render import alert_body
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.ingest.payloads import LogFile
from support.app_environment import BUCKET, AppEnvironment
from support.samples import LOG_FILE, alert, event
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless
from support.strategies import hostile_text, json_values, object_keys, records

ARN = "arn:aws:cloudtrail:us-east-2:123456789012:trail/main"
OTHERS = "arn:aws:cloudtrail:us-east-2:999999999999:trail/main"
OWN_STORE = "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/0a1b2c3d-1111-2222-3333-444455556666"
STORE = "arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/0a1b2c3d-1111-2222-3333-444455556666"
SELECTORS = """'[{"ReadWriteType":"All","IncludeManagementEvents":true}]'"""
INSIGHTS = """'[{"InsightType":"ApiCallRateInsight"},{"InsightType":"ApiErrorRateInsight"}]'"""
CAUTION = " (read it first: the previous settings may have been different)"
NAMES = ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors",
         "DeleteEventDataStore", "StopEventDataStoreIngestion")  # fmt: skip


OPTIONS = {"--name", "--trail-name", "--event-data-store", "--event-selectors", "--insight-selectors", "--region",
           "--s3-bucket-name", "--s3-key-prefix", "--kms-key-id", "--is-multi-region-trail", "--is-organization-trail",
           "--include-global-service-events", "--enable-log-file-validation"}  # fmt: skip


def shown(name: str, parameters: Any, **changes: Any) -> Alert:
    """The alert of a call to CloudTrail."""
    return alert(eventSource="cloudtrail.amazonaws.com", eventName=name, requestParameters=parameters, **changes)


def repair(name: str, parameters: Any, *, log_file: LogFile | None = LOG_FILE, **changes: Any) -> str | None:
    """The command for a call to CloudTrail."""
    changed = {"eventSource": "cloudtrail.amazonaws.com", "eventName": name, "requestParameters": parameters, **changes}
    return remediation_command(event(**changed), log_file)


@pytest.mark.parametrize(
    ("name", "parameters", "command"),
    [
        ("StopLogging", {"name": "main"}, "aws cloudtrail start-logging --name main --region eu-west-1"),
        ("StopLogging", {"name": ARN}, f"aws cloudtrail start-logging --name {ARN} --region us-east-2"),
        ("PutEventSelectors", {"trailName": "main", "eventSelectors": []},
         f"aws cloudtrail put-event-selectors --trail-name main --event-selectors {SELECTORS} --region eu-west-1"),
        ("PutInsightSelectors", {"trailName": ARN, "insightSelectors": []},
         f"aws cloudtrail put-insight-selectors --trail-name {ARN} --insight-selectors {INSIGHTS} --region us-east-2"),
        ("DeleteTrail", {"name": ARN},
         ("aws cloudtrail create-trail --name main --s3-bucket-name trail-bucket --is-multi-region-trail"
          " --enable-log-file-validation --region us-east-2\n"
          "aws cloudtrail start-logging --name main --region us-east-2")),
        ("UpdateTrail", {"name": "main", "isMultiRegionTrail": False, "includeGlobalServiceEvents": "false",
                         "enableLogFileValidation": False, "isOrganizationTrail": True},
         ("aws cloudtrail update-trail --name main --is-multi-region-trail --include-global-service-events"
          " --enable-log-file-validation --region eu-west-1")),
        ("UpdateTrail", {"name": "main", "s3BucketName": "evil", "kmsKeyId": "", "snsTopicName": "x"},
         ("aws cloudtrail update-trail --name main --s3-bucket-name PREVIOUS_BUCKET --kms-key-id PREVIOUS_KEY"
          " --sns-topic-name PREVIOUS_TOPIC --region eu-west-1")),
        ("UpdateTrail", {"name": "main", "s3BucketName": "trail-bucket"},
         "aws cloudtrail update-trail --name main --s3-bucket-name PREVIOUS_BUCKET --region eu-west-1"),
        ("DeleteEventDataStore", {"eventDataStore": STORE},
         f"aws cloudtrail restore-event-data-store --event-data-store {STORE} --region eu-west-1"),
        ("StopEventDataStoreIngestion", {"eventDataStore": "; reboot"},
         "aws cloudtrail start-event-data-store-ingestion --event-data-store EVENT_DATA_STORE --region eu-west-1"),
        *(("DeleteEventDataStore", {"eventDataStore": odd},
           "aws cloudtrail restore-event-data-store --event-data-store EVENT_DATA_STORE --region eu-west-1")
          for odd in ("--profile", "-evil-store", f"{STORE}/x", f"{STORE}\n", "\u2010\u2010ab", "$(id)", "", None, 5,
                      STORE.rpartition("/")[0] + "/--profile", "\uff41bc", "abc def", "a'b", [STORE])),
        *(("StopLogging", {"name": odd}, "aws cloudtrail start-logging --name TRAIL_NAME --region eu-west-1")
          for odd in ("--profile", "-n", "-main", "main\n", "main\nreboot",
                      "", " ", "\u2010main", "ma\u0131n", "main\x00",
                      "`id`", "~", "*", "!!", "=x", "ma in", "1.2.3.4", "m" * 129, ARN + "\n", ARN[:-4] + "-main",
                      ARN.replace("123456789012", "12345678901\u0662"))),
        ("DeleteEventDataStore", {"eventDataStore": STORE.replace("eu-west-1", "us-east-2")},
         (f"aws cloudtrail restore-event-data-store --event-data-store {STORE.replace('eu-west-1', 'us-east-2')}"
          " --region us-east-2")),
        ("StopLogging", None, "aws cloudtrail start-logging --name TRAIL_NAME --region eu-west-1"),
        ("StopLogging", {"name": "x; reboot"}, "aws cloudtrail start-logging --name TRAIL_NAME --region eu-west-1"),
        ("StopLogging", {"name": "$(reboot)"}, "aws cloudtrail start-logging --name TRAIL_NAME --region eu-west-1"),
        ("StopLogging", {"name": f"{ARN}'"}, "aws cloudtrail start-logging --name TRAIL_NAME --region eu-west-1"),
    ],
)  # fmt: skip
def test_commands(name: str, parameters: Any, command: str) -> None:
    """Each call that takes something away has its command; what breaks CloudTrail's rules has a word in its place."""
    assert repair(name, parameters) == command


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("StopLogging", {"errorCode": "AccessDenied"}),
        ("StopLogging", {"eventSource": "s3.amazonaws.com"}),
        ("StopLogging", {"insightDetails": {"state": "Start"}}),
        ("StartLogging", {}),
        ("CreateTrail", {}),
        ("UpdateTrail", {"requestParameters": {"name": "main", "isMultiRegionTrail": True}}),
        ("UpdateTrail", {"requestParameters": "null"}),
        ("PutInsightSelectors", {"requestParameters": {"eventDataStore": STORE, "insightSelectors": []}}),
    ],
)
def test_where_nothing_was_taken_there_is_no_command(name: str, changes: dict[str, Any]) -> None:
    """A call that failed, another service's, an Insight, or one that took nothing away has none."""
    assert repair(name, {"name": "main"}, **changes) is None


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("AWSLogs/111122223333/CloudTrail/x.json.gz", []),
        ("deep/down/AWSLogs/111122223333/CloudTrail/x.json.gz", ["--s3-key-prefix", "deep/down"]),
        (
            "p/AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/x.json.gz",
            ["--s3-key-prefix", "p", "--is-organization-trail"],
        ),
        ("--profile/AWSLogs/111122223333/CloudTrail/x.json.gz", []),
        ("-x/AWSLogs/111122223333/CloudTrail/x.json.gz", []),
        (
            "AWSLogs/o-a1b2c3d4e5/444455556666/AWSLogs/111122223333/CloudTrail/x.json.gz",
            ["--s3-key-prefix", "AWSLogs/o-a1b2c3d4e5/444455556666"],
        ),
        ("$(reboot)/AWSLogs/111122223333/CloudTrail/x.json.gz", []),
        ("copied.json.gz", []),
        (
            "AWSLogs/o-a1b2c3d4e5/444455556666/Config/AWSLogs/111122223333/CloudTrail/x.json.gz",
            ["--s3-key-prefix", "AWSLogs/o-a1b2c3d4e5/444455556666/Config"],
        ),
    ],
)
def test_a_deleted_trail_delivers_where_its_log_file_was(key: str, options: list[str]) -> None:
    """Bucket, prefix and organization come from the log file; without one, or an odd one, a word stands there."""
    command = repair("DeleteTrail", {"name": "main"}, log_file=LogFile("trail-bucket", key)) or ""
    first = shlex.split(command.splitlines()[0])
    standard = ["--is-multi-region-trail", "--enable-log-file-validation"]
    assert first[7:-2] == [*options[:2], *standard, *options[2:]]
    for log_file in (None, LogFile("bad bucket;", key)):
        assert "--s3-bucket-name BUCKET " in (repair("DeleteTrail", {"name": "main"}, log_file=log_file) or "")


@pytest.mark.parametrize("region", ["", "mars", "eu-west-1; reboot", 7, None])
def test_a_region_that_is_none_has_a_word_in_its_place(region: Any) -> None:
    """Nothing but a region stands behind --region."""
    command = repair("StopLogging", {"name": "main"}, awsRegion=region)
    assert command == "aws cloudtrail start-logging --name main --region REGION"


def run(app_env: AppEnvironment, command: str | None) -> None:
    """Do what the command line would do, with its options held to the service's own model."""
    for line in (command or "").splitlines():
        program, service, operation, *words = shlex.split(line)
        assert (program, service) == ("aws", "cloudtrail")
        *words, flag, region = words
        assert flag == "--region"
        client = cloudtrail(app_env, region)
        model = client.meta.service_model.operation_model("".join(part.title() for part in operation.split("-")))
        members = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in model.input_shape.members.items()}
        arguments: dict[str, Any] = {}
        rest = iter(words)
        for option in rest:
            name, shape = members[option]
            value = "true" if shape.type_name == "boolean" else next(rest)
            arguments[name] = value if shape.type_name == "string" else json.loads(value)
        getattr(client, xform_name(model.name))(**arguments)


def cloudtrail(app_env: AppEnvironment, region: str) -> Any:
    """CloudTrail in a region."""
    service: Any = "cloudtrail"
    return boto3.client(service, region_name=region, endpoint_url=app_env.endpoint)


def test_the_commands_do_what_they_say(app_env: AppEnvironment) -> None:
    """Run against CloudTrail, each command puts back what was taken."""
    trails = cloudtrail(app_env, "us-east-2")
    log_file = LogFile(BUCKET, "logs/AWSLogs/123456789012/CloudTrail/us-east-2/x.json.gz")

    run(app_env, repair("DeleteTrail", {"name": "main"}, log_file=log_file, awsRegion="us-east-2"))
    (trail,) = trails.describe_trails()["trailList"]
    assert (trail["Name"], trail["S3BucketName"], trail["S3KeyPrefix"]) == ("main", BUCKET, "logs")
    assert trail["IsMultiRegionTrail"]
    assert trail["LogFileValidationEnabled"]
    assert trails.get_trail_status(Name="main")["IsLogging"]

    trails.stop_logging(Name="main")
    run(app_env, repair("StopLogging", {"name": "main"}, log_file=log_file, awsRegion="us-east-2"))
    assert trails.get_trail_status(Name="main")["IsLogging"]

    trails.update_trail(Name="main", IsMultiRegionTrail=False, S3BucketName="evil")
    changed = {"name": "main", "isMultiRegionTrail": False, "s3BucketName": "evil"}
    command = repair("UpdateTrail", changed, log_file=log_file, awsRegion="us-east-2") or ""
    run(app_env, command.replace("PREVIOUS_BUCKET", BUCKET))
    (trail,) = trails.describe_trails()["trailList"]
    assert (trail["IsMultiRegionTrail"], trail["S3BucketName"]) == (True, BUCKET)

    run(app_env, repair("PutEventSelectors", {"trailName": ARN}))
    (selector,) = trails.get_event_selectors(TrailName="main")["EventSelectors"]
    assert selector == {"ReadWriteType": "All", "IncludeManagementEvents": True}
    run(app_env, repair("PutInsightSelectors", {"trailName": "main"}, log_file=log_file, awsRegion="us-east-2"))
    assert len(trails.get_insight_selectors(TrailName="main")["InsightSelectors"]) == 2


@pytest.mark.parametrize(
    ("name", "parameters", "caution"),
    [
        ("StopLogging", {"name": "main"}, ""),
        ("StopLogging", {"name": OTHERS}, " (run it with credentials for account 999999999999)"),
        ("DeleteEventDataStore", {"eventDataStore": OWN_STORE}, ""),
        ("DeleteEventDataStore", {"eventDataStore": "0a1b2c3d-1111-2222-3333-444455556666"}, ""),
        ("DeleteEventDataStore", {"eventDataStore": STORE}, " (run it with credentials for account 123456789012)"),
        ("DeleteTrail", {"name": OTHERS}, f"{CAUTION[:-1]}; run it with credentials for account 999999999999)"),
        ("DeleteTrail", {"name": "main"}, CAUTION),
        ("UpdateTrail", {"name": "main", "isMultiRegionTrail": False}, CAUTION),
        ("PutEventSelectors", {"trailName": "main"}, CAUTION),
        ("PutInsightSelectors", {"trailName": "main"}, CAUTION),
    ],
)
def test_every_size_of_an_alert_has_the_command(name: str, parameters: dict[str, Any], caution: str) -> None:
    """In Slack it is a code block, in the thread too, and where blocks are refused it is text; SNS has a key.

    Where the command is a guess, Slack says so.
    """
    one = shown(name, parameters)
    command = remediation_command(one.event, one.log_file) or ""
    assert command
    for message in (alert_message(one), reply_message(one), compact_message(one)):
        (block,) = [text for text in texts_of(message.blocks) if "To undo it" in text]
        assert html.unescape(block) == f":wrench: *To undo it*{caution}\n```{command}```"
    assert f"to undo it{caution}: {command}\n" in html.unescape(plain_message(one).text)
    assert "aws cloudtrail" not in minimal_message(one).text
    assert json.loads(alert_body(one))["remediation_command"] == command
    assert "remediation_command" not in json.loads(
        alert_body(shown("DeleteTrail", {"name": "main"}, errorCode="AccessDenied"))
    )


@settings(deadline=None, max_examples=75)
@given(
    record=records(),
    name=st.sampled_from(NAMES),
    parameter=hostile_text(400)
    | st.from_regex(r"-{0,2}[a-z0-9-]{1,40}", fullmatch=True)
    | st.just("main")
    | st.just(ARN)
    | json_values(),
    others=json_values(),
    key=object_keys(),
    bucket=hostile_text(80) | st.just("trail-bucket"),
)
def test_nothing_of_strangers_gets_into_a_command(
    record: dict[str, Any], name: str, parameter: Any, others: Any, key: str, bucket: str
) -> None:
    """Whatever the event and the key hold, each line is one command of known words, and the message is harmless."""
    switches = ("isMultiRegionTrail", "s3BucketName", "s3KeyPrefix", "kmsKeyId")
    parameters = {
        "name": parameter,
        "trailName": parameter,
        "eventDataStore": parameter,
        **dict.fromkeys(switches, others),
    }
    changed = {**record, "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "requestParameters": parameters}
    log_file = LogFile(bucket, key)
    command = remediation_command(read_event({**changed, "errorCode": None}), log_file)
    for line in (command or "").splitlines():
        assert len(line) <= 750
        assert line.isascii()
        assert line.isprintable()
        assert line.startswith("aws cloudtrail ")
        options = [word for word in shlex.split(line) if word.startswith("-")]
        assert set(options) <= OPTIONS
        assert len(set(options)) == len(options)
        plain_words = [word for word in shlex.split(line) if word[0] != "["]
        assert all(
            set(word) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._-")
            for word in plain_words
        )
    message = compact_message(shown(name, parameters))
    assert_within_limits(message.text, message.blocks)
    assert_all_harmless(texts_of(message.blocks))
