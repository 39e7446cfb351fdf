"""An account and region that used to deliver log files and has stopped is reported once, and once when it is back."""

import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cloudtrail_to_slack.app import Application
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.settings import read_settings
from cloudtrail_to_slack.delivery.sending import Sender
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.log_sources.intervals import LogSource
from cloudtrail_to_slack.log_sources.table import LogSourceTable
from cloudtrail_to_slack_dev.fake_slack import HttpStatus, RateLimited, SlackError
from support.app_environment import CHANNEL, TABLE, AppEnvironment, Context, log_bytes, s3_event, sqs_event
from support.missing_log_data import CHECK, DAY, HOUR, QUIET, A, B, Scene
from support.slack_limits import assert_within_limits


@pytest.fixture
def scene(app_env: AppEnvironment) -> Scene:
    """An app environment with a clock."""
    return Scene(app_env)


def test_a_gap_is_reported_once_and_so_is_its_end(scene: Scene) -> None:
    """Twice its longest gap after the last object, and not before, in one message; over many checks; and again."""
    scene.configure()
    scene.check()
    scene.live(A)
    scene.pass_time(12, every=1)
    assert scene.said() == []
    scene.pass_time(24, every=1)
    assert scene.said() == ["Missing log data: no more log files from 111122223333 eu-west-1"]
    scene.deliver(A)
    scene.pass_time(3)
    assert scene.said()[1:] == ["Log files are arriving again from 111122223333 eu-west-1"]
    scene.pass_time(45, every=1)
    assert scene.said()[2:] == []
    scene.pass_time(1)
    assert scene.said()[2:] == ["Missing log data: no more log files from 111122223333 eu-west-1"]


def test_an_old_object_that_is_announced_late_ends_no_gap(scene: Scene) -> None:
    """A log file from before the gap, read hours later, does not end it; the first one after it does."""
    scene.configure()
    scene.know([A])
    scene.now += 0.5 * HOUR
    late = scene.key(A)
    scene.pass_time(4)
    assert len(scene.said()) == 1
    scene.app_env.put(log_bytes(QUIET), late)
    scene.app_env.invoke(s3_event(late))
    scene.pass_time(2)
    assert len(scene.said()) == 1
    scene.deliver(A)
    scene.check()
    assert len(scene.said()) == 2


@pytest.mark.long
def test_who_keeps_delivering_is_not_reported(scene: Scene) -> None:
    """Objects every six hours say nothing, check by check, and take one item for each account and few for all."""
    scene.configure()
    scene.live(A, B)
    for _ in range(6):
        scene.pass_time(6, every=1)
        scene.deliver(A, B)
    assert scene.said() == []
    assert scene.items().keys() == {
        "intervals#111122223333",
        "intervals#444455556666",
        "sources#33",
        "sources#66",
        "sources",
    }


def test_the_account_s_own_route_is_reported(scene: Scene) -> None:
    """In Slack and on the topic, each account where its alerts go, in one message for each place."""
    scene.app_env.slack.add_channel("C1", "production")
    default, own = scene.app_env.make_topic("default"), scene.app_env.make_topic("own")
    scene.configure(
        slack={"routes": [{"accounts": [B.account], "slack_channel_id": "C1"}]},
        sns={"default_topic_arn": default, "routes": [{"accounts": [B.account], "sns_topic_arn": own}]},
    )
    others = [LogSource(A.account, region) for region in ("eu-central-1", "eu-west-1")]
    scene.check()
    scene.know([*others, B])
    scene.pass_time(5)
    assert scene.said() == ["Missing log data: no more log files from 2 accounts and regions"]
    assert scene.said("C1") == ["Missing log data: no more log files from 444455556666 us-east-1"]
    (reported,) = scene.app_env.bodies(own)
    assert reported["account_id"] == B.account
    assert "444455556666 us-east-1: the last one at 2026-03-14 09:20:00 UTC" in reported["error_message"]
    (both,) = scene.app_env.bodies(default)
    assert all(source.region in both["error_message"] for source in others)


def test_new_and_inactive_sources_are_not_reported(scene: Scene) -> None:
    """Neither who came three days ago and is gone, nor who delivers every few days, is missed within days."""
    newcomer, seldom = A, B
    scene.configure()
    scene.live(seldom, days=20, every=5 * DAY)
    scene.live(newcomer, seldom, days=3, every=3 * HOUR)
    scene.pass_time(12, every=1)
    scene.now += 5 * DAY
    scene.pass_time(2)
    assert scene.said() == []


def test_the_alert_threshold_can_be_set(scene: Scene) -> None:
    """With six hours set, nothing is reported before six hours."""
    scene.configure(missing_log_data_minimum_hours=6)
    scene.check()
    scene.know([A])
    scene.pass_time(6, every=1)
    assert scene.said() == []
    scene.pass_time(1)
    assert len(scene.said()) == 1


@pytest.mark.long
def test_hundreds_at_once_are_one_message(scene: Scene) -> None:
    """When the organization's trail is stopped, one message a channel names some, counts the rest, and comes once."""
    topic = scene.app_env.make_topic("alerts")
    scene.configure(sns={"default_topic_arn": topic})
    sources = [
        LogSource(f"{111100000000 + number}", region)
        for number in range(100)
        for region in ("eu-west-1", "us-east-1", "ap-southeast-2")
    ]
    scene.check()
    scene.know(sources)
    scene.pass_time(4)
    (message,) = scene.app_env.slack.messages(CHANNEL)
    assert_within_limits(message.text, message.blocks)
    said = json.dumps(message.blocks, ensure_ascii=False)
    assert "no more log files from 300 accounts and regions" in said
    assert "Nothing that is watched here" in said
    assert "… and 260 more, of 87 accounts" in said
    (body,) = scene.app_env.bodies(topic)
    assert "… and 100 more, of 34 accounts" in body["error_message"]
    scene.deliver(*sources[:60])
    scene.pass_time(3)
    assert scene.said()[1:] == ["Log files are arriving again from 60 accounts and regions"]


@pytest.mark.parametrize("fault", [SlackError("is_archived"), HttpStatus(503)])
def test_what_could_not_be_reported_is_reported_by_the_next_check(scene: Scene, fault: Any) -> None:
    """A check whose report Slack refuses fails; the next one reports it, once."""
    scene.until_due(A)
    scene.app_env.slack.fail(fault, times=9)
    with pytest.raises(
        InvocationFailedError, match="the notice 'Missing log data: no more log files from 111122223333 eu-west-1"
    ):
        scene.check()
    assert scene.said() == []
    scene.app_env.slack.clear()
    scene.pass_time(8)
    assert len(scene.said()) == 1


def test_what_one_destination_rejects_is_not_reported_again_at_the_other(scene: Scene) -> None:
    """The topic is notified once of each gap, though Slack is notified of both only at the third check."""
    topic = scene.app_env.make_topic("alerts")
    scene.configure(sns={"default_topic_arn": topic})
    scene.check()
    scene.know([A])
    scene.pass_time(0.5)
    scene.know([B])
    scene.pass_time(1.5)
    for _ in range(2):
        scene.now += HOUR / 2
        scene.app_env.slack.fail(SlackError("is_archived"), times=9)
        with pytest.raises(InvocationFailedError):
            scene.check()
        scene.app_env.slack.clear()
    scene.pass_time(3)
    assert scene.said() == ["Missing log data: no more log files from 2 accounts and regions"]
    titles = [body["title"] for body in scene.app_env.bodies(topic)]
    assert titles == [f"Missing log data: no more log files from {' '.join(source)}" for source in (A, B)]


def test_two_functions_at_once_report_once(scene: Scene) -> None:
    """Two checks of two functions at the same time, as EventBridge may send them, report one message."""
    scene.until_due(A)
    functions = [Application(read_settings(os.environ)) for _ in range(4)]
    together = threading.Barrier(len(functions))
    answers: list[Any] = []

    def work(function: Application) -> None:
        together.wait()
        answers.append(function.run(CHECK, Context()))

    threads = [threading.Thread(target=work, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(functions)
    assert len(scene.said()) == 1


def test_a_check_that_died_is_made_again(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """While one function checks another does not; when it has died, the next check finds what it had not reported."""
    scene.until_due(A)
    table = LogSourceTable(scene.app_env.aws("dynamodb"), TABLE, Clock(lambda: 30.0, now=lambda: scene.now))
    assert table.begin_check("another function", 32) is not None
    scene.check()
    assert "another function is checking" in capsys.readouterr().out
    assert scene.said() == []
    scene.now += HOUR / 2
    scene.check()
    assert len(scene.said()) == 1


@pytest.mark.parametrize("operation", ["UpdateItem", "BatchGetItem"])
def test_a_table_that_is_throttled_at_a_check_fails_it(
    scene: Scene, dynamodb: Callable[[str, str, int], None], operation: str
) -> None:
    """The check fails, to be made again; nothing is reported by half, and the next one reports it."""
    scene.app_env.monkeypatch.setattr("time.sleep", lambda _: None)  # the SDK's
    scene.until_due(A)
    dynamodb(operation, "ProvisionedThroughputExceededException", 3)  # as often as the SDK asks
    message = r"the check for missing log data: the state table failed \(ProvisionedThroughputExceededException\)"
    with pytest.raises(InvocationFailedError, match=message):
        scene.check()
    assert scene.said() == []
    scene.pass_time(3)
    assert len(scene.said()) == 1


@pytest.mark.parametrize(
    ("code", "times"),
    [("InternalServerError", 4), ("AccessDeniedException", 2)],
    ids=["as often as we ask", "and the check cannot be closed either"],
)
def test_what_is_reported_and_cannot_be_recorded_is_not_reported_again(
    scene: Scene, dynamodb: Callable[[str, str, int], None], code: str, times: int
) -> None:
    """When the table goes down between reporting and recording, the check fails, and the next repeats nothing."""
    scene.app_env.monkeypatch.setattr("time.sleep", lambda _: None)  # the SDK's
    scene.until_due(A)
    send = Sender._send  # noqa: SLF001 (the moment between sending and recording has no seam of its own)

    def sending(*arguments: Any) -> str | None:
        ts = send(*arguments)
        dynamodb("UpdateItem", code, times)
        return ts

    with scene.app_env.monkeypatch.context() as patched:
        patched.setattr(Sender, "_send", sending)
        with pytest.raises(InvocationFailedError, match=f"the check for missing log data: .*{code}"):
            scene.check()
    scene.pass_time(6, every=1)
    assert len(scene.said()) == 1


def test_after_a_gap_between_checks_nothing_is_reported(scene: Scene) -> None:
    """After hours without a check, one check says nothing, and the next reports who is still silent."""
    scene.configure()
    scene.check()
    scene.know([A, B])
    scene.now += 5 * HOUR
    scene.check()
    assert scene.said() == []
    scene.deliver(A)
    scene.pass_time(1)
    assert scene.said() == ["Missing log data: no more log files from 444455556666 us-east-1"]


@pytest.mark.parametrize("config", [{}, {"enable_missing_log_data_alerts": False}])
def test_switched_off_nothing_is_learned_and_a_check_is_ignored(scene: Scene, config: dict[str, Any]) -> None:
    """Without the alarm, which is off where nothing is set, a table is not written for it."""
    scene.app_env.configure_bot(**config)
    scene.deliver(A)
    assert scene.items() == {}
    assert scene.app_env.invoke(CHECK)["notifications_ignored"] == 1


def test_without_a_table_there_is_no_alarm(scene: Scene) -> None:
    """Where nothing can be kept in mind, objects are read and checks are ignored."""
    scene.app_env.configure_bot(table=False, enable_missing_log_data_alerts=True)
    assert scene.deliver(A)["objects_read"] == 1
    assert scene.app_env.invoke(CHECK)["notifications_ignored"] == 1


def test_without_the_store_it_is_reported_once_too(scene: Scene) -> None:
    """The state of the alarm is its own."""
    scene.configure(deduplicate_deliveries=False)
    scene.check()
    scene.know([A])
    scene.pass_time(9)
    assert len(scene.said()) == 1


def test_with_webhooks_it_is_reported_too(scene: Scene) -> None:
    """By the webhook of the account, and without a default by any."""
    scene.app_env.make_table()
    routes = [{"accounts": [B.account], "slack_hook_url": scene.app_env.slack.add_webhook("C1")}]
    environment = {"SLACK_WEBHOOK_ROUTES": json.dumps(routes), "DYNAMODB_TABLE_NAME": TABLE}
    scene.app_env.configure(environment=environment, enable_missing_log_data_alerts=True)
    scene.check()
    scene.know([A])
    scene.pass_time(5)
    assert scene.said("C1") == ["Missing log data: no more log files from 111122223333 eu-west-1"]


def test_a_check_from_a_queue_is_made(scene: Scene) -> None:
    """A check may come by any way; one that fails is handed back to the queue."""
    scene.configure()
    assert scene.app_env.invoke(sqs_event(CHECK)) == {"batchItemFailures": []}
    scene.know([A])
    scene.pass_time(2)
    scene.now += HOUR / 2
    scene.app_env.slack.fail(SlackError("is_archived"), times=9)
    assert scene.app_env.invoke(sqs_event(CHECK)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_rate_limit_is_waited_for(scene: Scene) -> None:
    """A check that Slack throttles reports in the end."""
    scene.configure()
    scene.check()
    scene.know([A])
    scene.pass_time(2)
    scene.app_env.slack.fail(RateLimited(5))
    scene.pass_time(1)
    assert len(scene.said()) == 1
    assert sum(scene.waited) >= 5
