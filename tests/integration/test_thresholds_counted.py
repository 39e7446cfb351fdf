"""Rules with thresholds in the whole function: counted in the table, one alert a window, none lost to a failure."""

from collections.abc import Callable
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.state.table import Items, StateError
from cloudtrail_to_slack_dev.fake_slack import HttpStatus
from support.app_environment import (
    CHANNEL,
    KEY,
    TABLE,
    AppEnvironment,
    failed_messages,
    record,
    s3_event,
    sqs_event,
)
from support.virtual_time import VirtualTime

OTHER_KEY = KEY.replace("0123", "aaaa")
RULE = {
    "id": "secrets-read",
    "title": "Many secrets read",
    "expression": 'event.get("eventName") == "GetSecretValue"',
    "threshold": {"count": 3, "minutes": 5, "by": "userIdentity.arn", "distinct": "requestParameters.secretId"},
}


def read(secret: str, **fields: Any) -> dict[str, Any]:
    """A record of a secret that was read."""
    return record(eventName="GetSecretValue", eventSource="secretsmanager.amazonaws.com", errorCode=None,
                  errorMessage=None, requestParameters={"secretId": secret}, **fields)  # fmt: skip


def counts(answer: Any) -> tuple[int, int, int]:
    """How many records alerted, were ignored, and matched nothing."""
    return answer.get("matched", 0), answer.get("ignored", 0), answer.get("unmatched", 0)


@pytest.mark.parametrize("table", [True, False])
def test_one_alert_with_the_count_and_the_values(app_env: AppEnvironment, *, table: bool) -> None:
    """Five secrets read make one alert, which says how many and which; the other reads are counted as unmatched."""
    app_env.configure_bot(table=table, use_default_rules=False, rules=[RULE])
    app_env.put_log(*(read(f"secret-{number}") for number in range(5)))
    assert counts(app_env.invoke(s3_event(KEY))) == (1, 0, 4)
    assert len(app_env.texts()) == 1
    (message,) = app_env.slack.messages(CHANNEL)
    counted = "3 different requestParameters.secretId within 5 minutes: `secret-0`, `secret-1`, `secret-2`."
    assert counted in str(message)


def test_log_files_are_counted_together(app_env: AppEnvironment) -> None:
    """Reads in two log files, of two invocations, reach the threshold together; a third one alerts no more."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(read("a"), read("b"))
    app_env.put_log(read("c"), key=OTHER_KEY)
    assert counts(app_env.invoke(s3_event(KEY)))[0] == 0
    assert counts(app_env.invoke(s3_event(OTHER_KEY)))[0] == 1
    app_env.put_log(read("d"), key=OTHER_KEY)
    assert counts(app_env.invoke(s3_event(OTHER_KEY)))[0] == 0
    assert len(app_env.texts()) == 1


def test_the_same_log_file_twice_counts_once(app_env: AppEnvironment) -> None:
    """A duplicate notification adds nothing to a count, and repeats no alert."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(read("a"), read("b"))
    for _ in range(3):
        assert counts(app_env.invoke(s3_event(KEY)))[0] == 0
    app_env.put_log(read("c"), key=OTHER_KEY)
    for _ in range(3):
        app_env.invoke(s3_event(OTHER_KEY))
    assert len(app_env.texts()) == 1


def test_an_alert_that_could_not_be_delivered_is_found_again(
    app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window is complete when Slack fails; Lambda's retry still delivers its alert, once."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(*(read(name) for name in "abcde"))
    app_env.slack.fail(HttpStatus(500), times=100)
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY))
    app_env.slack.clear()
    app_env.invoke(s3_event(KEY))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_ignored_events_are_not_counted(app_env: AppEnvironment) -> None:
    """What an ignore rule matches does not bring a count further."""
    ignored = 'event.get("requestParameters.secretId") == "a"'
    app_env.configure_bot(use_default_rules=False, rules=[RULE], ignore_rules=[ignored])
    app_env.put_log(read("a"), read("b"), read("c"))
    assert counts(app_env.invoke(s3_event(KEY))) == (0, 1, 2)


def test_another_rule_still_alerts_on_the_event(app_env: AppEnvironment) -> None:
    """An event below a threshold alerts for the other rules that match it, and names those alone."""
    plain = {"id": "plain", "expression": 'event.get("requestParameters.secretId") == "b"'}
    app_env.configure_bot(use_default_rules=False, rules=[RULE, plain])
    app_env.put_log(read("a"), read("b"))
    assert counts(app_env.invoke(s3_event(KEY)))[0] == 1
    (message,) = app_env.slack.messages(CHANNEL)
    assert "plain" in str(message)
    assert "secrets-read" not in str(message)


def test_a_table_that_fails_keeps_no_alert_back(
    app_env: AppEnvironment, dynamodb: Callable[[str, str, int], None]
) -> None:
    """Where the table cannot be used at all, the invocation counts for itself, and alerts."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(*(read(name) for name in "abc"))
    dynamodb("UpdateItem", "AccessDeniedException", 1)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_count_that_is_throttled_is_tried_again(
    app_env: AppEnvironment, dynamodb: Callable[[str, str, int], None], waits: list[float], times: int
) -> None:
    """A table that refuses a count for a moment takes it a moment later, and the count is whole."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(*(read(name) for name in "abc"))
    dynamodb("UpdateItem", "ProvisionedThroughputExceededException", times)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1
    assert sum(waits) < 0.5


def test_what_cannot_be_counted_for_now_is_left_to_the_retry(
    app_env: AppEnvironment, dynamodb: Callable[[str, str, int], None], waits: list[float]
) -> None:
    """Where the table stays throttled, the invocation fails, and its retry counts: no match is forgotten.

    Other rules alert at once on the same event, and other messages of the batch are not handed back.
    """
    plain = {"id": "plain", "expression": 'event.get("requestParameters.secretId") == "b"'}
    app_env.configure_bot(use_default_rules=False, rules=[RULE, plain])
    app_env.put_log(read("a"))
    app_env.invoke(s3_event(KEY))
    app_env.put_log(read("b"), read("c"), key=OTHER_KEY)
    app_env.put_log(record(), key=OTHER_KEY.replace("aaaa", "bbbb"))
    batch = sqs_event(s3_event(OTHER_KEY), s3_event(OTHER_KEY.replace("aaaa", "bbbb")))
    dynamodb("UpdateItem", "ProvisionedThroughputExceededException", 3)
    assert failed_messages(app_env.invoke(batch)) == ["m0"]
    assert len(app_env.texts()) == 1  # of the plain rule
    assert failed_messages(app_env.invoke(batch)) == []
    (_, message) = app_env.slack.messages(CHANNEL)
    assert "3 different requestParameters.secretId" in str(message)
    assert waits


def test_very_many_counts_keep_no_other_alert_back(app_env: AppEnvironment, virtual_time: VirtualTime) -> None:
    """Where counting would take all of the time, the file is evaluated to its end without it, and then fails."""
    app_env.configure_bot(rules=[{**RULE, "threshold": {"count": 3, "minutes": 5, "by": "sourceIPAddress"}}])
    matches = (read("a", sourceIPAddress=f"2001:db8::{number:x}") for number in range(40))
    stop = record(eventName="StopLogging", eventSource="cloudtrail.amazonaws.com", errorCode=None, errorMessage=None)
    app_env.put_log(*matches, stop)
    virtual_time.before("dynamodb", lambda _: virtual_time.passes(1.0))
    batch = sqs_event(s3_event(KEY))
    assert failed_messages(app_env.invoke(batch, virtual_time.context())) == ["m0"]
    (text,) = app_env.texts()
    assert "StopLogging" in text


def test_an_answer_that_is_lost_loses_no_alert(app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the table has counted the last match and its answer does not arrive, the same event is counted again."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(*(read(name) for name in "abc"))
    update, lost = Items.update, [False, False, True]

    def losing(items: Items, *arguments: Any, **options: Any) -> Any:
        answer = update(items, *arguments, **options)
        if arguments[0].startswith("threshold#") and lost and lost.pop(0):
            raise StateError("ReadTimeoutError", is_permanent=False)
        return answer

    monkeypatch.setattr(Items, "update", losing)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


@pytest.mark.parametrize(
    "planted",
    [
        {"members": {"SS": ["x", "y", "z"]}, "last_event": {"S": "never"}},
        {"members": {"SS": ["x", "y", "z"]}},
        {"members": {"S": "many"}, "last_event": {"S": "0" * 64}},
        {"members": {"N": "5"}},
        {"members": {"L": []}, "expires_at": {"S": "never"}},
    ],
)
def test_a_count_that_this_code_did_not_write_suppresses_nothing(
    app_env: AppEnvironment, planted: dict[str, Any]
) -> None:
    """A planted item that this code cannot have written makes way for the count."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(read("a"))
    app_env.invoke(s3_event(KEY))
    table = app_env.aws("dynamodb")
    (key,) = (item["pk"] for item in table.scan(TableName=TABLE)["Items"] if item["pk"]["S"].startswith("threshold#"))
    table.put_item(TableName=TABLE, Item={"pk": key, **planted})
    app_env.put_log(*(read(name) for name in "abc"), key=OTHER_KEY)
    app_env.invoke(s3_event(OTHER_KEY))
    assert len(app_env.texts()) == 1


def test_counts_expire(app_env: AppEnvironment) -> None:
    """The item of a window is removed by DynamoDB some days after it."""
    app_env.configure_bot(use_default_rules=False, rules=[RULE])
    app_env.put_log(read("a"))
    app_env.invoke(s3_event(KEY))
    items = app_env.aws("dynamodb").scan(TableName=TABLE)["Items"]
    (item,) = (item for item in items if item["pk"]["S"].startswith("threshold#"))
    assert int(item["expires_at"]["N"]) > 1_700_000_000
    assert item["members"] == {"SS": ["a"]}
