"""Rules with thresholds in the whole function: counted in the table, one alert a window, none lost to a failure."""

from collections.abc import Callable
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import HttpStatus
from support.world import CHANNEL, KEY, TABLE, World, record, s3_event

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
def test_one_alert_with_the_count_and_the_values(world: World, *, table: bool) -> None:
    """Five secrets read make one alert, which says how many and which; the other reads are counted as unmatched."""
    world.configure_bot(table=table, use_default_rules=False, rules=[RULE])
    world.put_log(*(read(f"secret-{number}") for number in range(5)))
    assert counts(world.invoke(s3_event(KEY))) == (1, 0, 4)
    assert len(world.texts()) == 1
    (message,) = world.slack.messages(CHANNEL)
    assert "3 different requestParameters.secretId within 5 minutes: secret-0, secret-1, secret-2" in str(message)


def test_log_files_are_counted_together(world: World) -> None:
    """Reads in two log files, of two invocations, reach the threshold together; a third one alerts no more."""
    world.configure_bot(use_default_rules=False, rules=[RULE])
    world.put_log(read("a"), read("b"))
    world.put_log(read("c"), key=OTHER_KEY)
    assert counts(world.invoke(s3_event(KEY)))[0] == 0
    assert counts(world.invoke(s3_event(OTHER_KEY)))[0] == 1
    world.put_log(read("d"), key=OTHER_KEY)
    assert counts(world.invoke(s3_event(OTHER_KEY)))[0] == 0
    assert len(world.texts()) == 1


def test_the_same_log_file_twice_counts_once(world: World) -> None:
    """A duplicate notification adds nothing to a count, and repeats no alert."""
    world.configure_bot(use_default_rules=False, rules=[RULE])
    world.put_log(read("a"), read("b"))
    for _ in range(3):
        assert counts(world.invoke(s3_event(KEY)))[0] == 0
    world.put_log(read("c"), key=OTHER_KEY)
    for _ in range(3):
        world.invoke(s3_event(OTHER_KEY))
    assert len(world.texts()) == 1


def test_an_alert_that_could_not_be_delivered_is_found_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window is complete when Slack fails; Lambda's retry still delivers its alert, once."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    world.configure_bot(use_default_rules=False, rules=[RULE])
    world.put_log(*(read(name) for name in "abcde"))
    world.slack.fail(HttpStatus(500), times=100)
    with pytest.raises(InvocationFailedError):
        world.invoke(s3_event(KEY))
    world.slack.clear()
    world.invoke(s3_event(KEY))
    world.invoke(s3_event(KEY))
    assert len(world.texts()) == 1


def test_ignored_events_are_not_counted(world: World) -> None:
    """What an ignore rule matches does not bring a count further."""
    ignored = 'event.get("requestParameters.secretId") == "a"'
    world.configure_bot(use_default_rules=False, rules=[RULE], ignore_rules=[ignored])
    world.put_log(read("a"), read("b"), read("c"))
    assert counts(world.invoke(s3_event(KEY))) == (0, 1, 2)


def test_another_rule_still_alerts_on_the_event(world: World) -> None:
    """An event below a threshold alerts for the other rules that match it, and names those alone."""
    plain = {"id": "plain", "expression": 'event.get("requestParameters.secretId") == "b"'}
    world.configure_bot(use_default_rules=False, rules=[RULE, plain])
    world.put_log(read("a"), read("b"))
    assert counts(world.invoke(s3_event(KEY)))[0] == 1
    (message,) = world.slack.messages(CHANNEL)
    assert "plain" in str(message)
    assert "secrets-read" not in str(message)


def test_a_table_that_fails_keeps_no_alert_back(world: World, dynamodb: Callable[[str, str, int], None]) -> None:
    """Where counts cannot be kept in the table, the invocation counts for itself, and alerts."""
    world.configure_bot(use_default_rules=False, rules=[RULE])
    world.put_log(*(read(name) for name in "abc"))
    dynamodb("UpdateItem", "ProvisionedThroughputExceededException", 1)
    world.invoke(s3_event(KEY))
    assert len(world.texts()) == 1


def test_counts_expire(world: World) -> None:
    """The item of a window is removed by DynamoDB some days after it."""
    world.configure_bot(use_default_rules=False, rules=[RULE])
    world.put_log(read("a"))
    world.invoke(s3_event(KEY))
    items = world.aws("dynamodb").scan(TableName=TABLE)["Items"]
    (item,) = (item for item in items if item["pk"]["S"].startswith("threshold#"))
    assert int(item["expires_at"]["N"]) > 1_700_000_000
    assert item["members"] == {"SS": ["a"]}
