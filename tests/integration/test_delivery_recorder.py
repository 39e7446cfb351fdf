"""How often log files come is noted in few writes, of what CloudTrail itself delivered, and never harms an alert."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack.app import Application
from cloudtrail_to_slack.config.settings import read_settings
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.log_sources.intervals import LogSource
from support.app_environment import TABLE, AppEnvironment, Context, log_bytes, record, s3_event
from support.missing_log_data import DAY, QUIET, A, Scene


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests about delivery intervals that are made of the table, from now on."""
    made: list[str] = []

    def before_send(event_name: str, request: Any, **_: Any) -> None:
        if b"intervals#" in request.body or b"sources" in request.body:
            made.append(event_name.rsplit(".", 1)[1])

    session = boto3.Session()
    session.events.register("before-send.dynamodb", before_send)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return made


@pytest.fixture
def scene(app_env: AppEnvironment) -> Scene:
    """An app environment with a clock."""
    return Scene(app_env)


def test_a_burst_is_one_write(scene: Scene, requests: list[str]) -> None:
    """Of many objects of one account, whatever the regions, one write is made, and none of those soon after."""
    scene.configure()
    regions = [LogSource(A.account, region) for region in ("eu-west-1", "us-east-1", "eu-central-1")]
    scene.deliver(*regions * 2)
    assert requests == [
        "BatchGetItem",
        "UpdateItem",
        "UpdateItem",
    ]  # what is known, the list of accounts, the delivery intervals
    requests.clear()
    for _ in range(2):
        scene.now += 400
        scene.deliver(*regions * 2)
    assert requests == []
    scene.now += 100
    scene.deliver(*regions * 2)
    assert requests == ["BatchGetItem", "UpdateItem"]


def test_another_function_s_news_is_none(scene: Scene, requests: list[str]) -> None:
    """What another function has noted a moment ago is not written again."""
    scene.configure()
    scene.deliver(A)
    scene.now += 300
    payload = s3_event(scene.app_env.put(log_bytes(QUIET), scene.key(A)))
    requests.clear()
    Application(read_settings(os.environ)).run(payload, Context())
    assert requests == ["BatchGetItem"]


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
def test_alerts_do_not_suffer(scene: Scene, dynamodb: Callable[[str, str, int], None], code: str) -> None:
    """A table that refuses the bookkeeping delays and fails nothing: it is logged, counted, and let be for a minute."""
    scene.configure()
    dynamodb("BatchGetItem", code, 1)
    counts = scene.deliver(A, content=record())
    assert (counts["matched"], counts["log_sources_unrecorded"]) == (1, 1)
    assert len(scene.said()) == 1
    scene.now += 59
    assert scene.deliver(A)["log_sources_unrecorded"] == 1
    assert scene.items() == {}
    scene.now += 1
    assert scene.deliver(A)["log_sources_unrecorded"] == 0
    assert f"intervals#{A.account}" in scene.items()


def test_an_error_of_ours_harms_no_alert(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong with the bookkeeping, the invocation succeeds."""
    scene.configure()
    scene.app_env.aws("dynamodb").put_item(
        TableName=TABLE,
        Item={"pk": {"S": f"intervals#{A.account}"}, "intervals": {"S": '{"eu-west-1":[1,2,3,4],"x":7}'}},
    )
    scene.app_env.monkeypatch.setattr("cloudtrail_to_slack.log_sources.recorder.decode", lambda _text: 1 / 0)
    assert scene.deliver(A, content=record())["log_sources_unrecorded"] == 1
    assert len(scene.said()) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_without_time_nothing_is_noted(scene: Scene) -> None:
    """The last seconds of an invocation are not spent on it, for a table that hangs would outlast it."""
    scene.configure()
    payload = s3_event(scene.app_env.put(log_bytes(QUIET), scene.key(A)))
    assert scene.app_env.invoke(payload, Context(milliseconds=3_700))["log_sources_unrecorded"] == 1
    assert scene.items() == {}


@pytest.mark.parametrize(
    "name",
    [
        "AWSLogs/11112222333/CloudTrail/eu-west-1/2026/03/14/11112222333_CloudTrail_eu-west-1_{time}_0123456789abcdef",
        "AWSLogs/{account}/CloudTrail/nowhere/2026/03/14/{account}_CloudTrail_nowhere_{time}_0123456789abcdef",
        "AWSLogs/{account}/CloudTrail/<!channel>/2026/03/14/{account}_CloudTrail_<!channel>_{time}_0123456789abcdef",
        "AWSLogs/{account}/CloudTrail/eu-west-1/2026/03/14/444455556666_CloudTrail_eu-west-1_{time}_0123456789abcdef",
        "AWSLogs/{account}/CloudTrail-Insight/eu-west-1/2026/03/14/{account}_CloudTrail-Insight_eu-west-1_{time}_0123",
        "AWSLogs/{account}/CloudTrail/eu-west-1/2026/03/14/{account}_CloudTrail_eu-west-1_20250101T0000Z_0123456789abcd",
    ],
    ids=["11 digits", "no region", "markup", "another account", "an Insight", "a copy of last year's"],
)
def test_hostile_keys_never_get_in(scene: Scene, name: str) -> None:
    """An object that is not named exactly as CloudTrail does now is read, and nothing is learned of it."""
    scene.configure()
    time = f"{datetime.fromtimestamp(scene.now, UTC):%Y%m%dT%H%M}Z"
    key = name.format(account=A.account, time=time) + ".json.gz"
    scene.app_env.put(log_bytes(QUIET), key)
    assert scene.app_env.invoke(s3_event(key))["objects_read"] == 1
    assert scene.items() == {}


def test_an_object_of_the_future_came_now(scene: Scene) -> None:
    """No one can keep an account from falling silent with an object of next year."""
    scene.configure()
    now = scene.now
    scene.now += 365 * DAY
    key = scene.app_env.put(log_bytes(QUIET), scene.key(A))
    scene.now = now
    scene.app_env.invoke(s3_event(key))
    assert json.loads(scene.items()[f"intervals#{A.account}"]["intervals"]["S"]) == {"eu-west-1": [now, now, 0, 1]}


def test_an_object_that_cannot_be_read_is_no_sign_of_life(scene: Scene) -> None:
    """What arrives and is not a log file does not count."""
    scene.configure()
    key = scene.app_env.put(b"not gzip", scene.key(A))
    with pytest.raises(InvocationFailedError):
        scene.app_env.invoke(s3_event(key))
    assert scene.items() == {}


@pytest.mark.long
def test_made_up_accounts_and_regions_have_an_end(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """However many regions of an account and accounts there seem to be, no item outgrows the table."""
    scene.configure()
    scene.deliver(*(LogSource(A.account, f"eu-west-{number}") for number in range(1, 80)))
    assert len(json.loads(scene.items()[f"intervals#{A.account}"]["intervals"]["S"])) == 64
    accounts = [f"{444400000000 + 100 * number}" for number in range(500)]
    scene.app_env.aws("dynamodb").put_item(
        TableName=TABLE, Item={"pk": {"S": "sources#00"}, "accounts": {"SS": accounts}}
    )
    scene.deliver(LogSource("999999999900", "eu-west-1"))
    assert "too many accounts: this one is not watched" in capsys.readouterr().out
    assert "intervals#999999999900" not in scene.items()
    scene.deliver(LogSource(accounts[0], "eu-west-1"))
    assert f"intervals#{accounts[0]}" in scene.items()
