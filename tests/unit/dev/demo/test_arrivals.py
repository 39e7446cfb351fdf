"""What the demo finds fault with."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from slack_sdk import WebClient

from cloudtrail_to_slack_dev.demo.arrivals import Arrivals, Inbox, Published, find_faults
from cloudtrail_to_slack_dev.demo.local_setup import PRODUCTION, LocalSetup, Topic
from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.demo.story import Chapter
from cloudtrail_to_slack_dev.fake_slack import FakeSlack

_TOPICS = (Topic("default", "arn:default", ""), Topic("production", "arn:production", ""))
_COUNTS = {"records_in": 5, "matched": 2, "ignored": 1, "unmatched": 2, "failed": 0}


class _Empty:
    """An SQS in which no queue holds a message."""

    def receive_message(self, **_: Any) -> dict[str, Any]:
        """Return no messages."""
        return {}


def faults(
    *,
    posted: Sequence[str] = ("e0", "e1"),
    published: Sequence[str] = ("e0", "e1"),
    topic: int = 1,
    messages: int = 3,
    undelivered: int = 0,
    redelivers: bool = False,
    **counts: int,
) -> list[str]:
    """Return the faults of a demo of five records and two alerts, posted and published so often."""
    anything: Any = _Empty()
    with FakeSlack() as slack:
        slack.add_channel("C0PRODUCTION", "production-alerts")
        local = LocalSetup(slack, anything, anything, "", "", _TOPICS)
        client = WebClient(slack.bot_token, base_url=slack.api_url)
        for event_id in posted:
            client.chat_postMessage(channel="C0PRODUCTION", text=f"event {event_id}")
        replay = Replay(messages=messages)
        replay.totals.counts.update({**_COUNTS, **counts})
        replay.totals.undelivered.update({"sns": undelivered} if undelivered else {})
        inbox = Inbox(local)
        collected = inbox.collect(Chapter("", ""), Counter())
        alerts = [Published(_TOPICS[topic], "", {"event_id": each, "account_id": PRODUCTION}) for each in published]
        inbox.chapters[:] = [Arrivals(Chapter("", "", redelivers=redelivers), collected.posted, alerts, Counter())]
        return find_faults(local, replay, inbox, announced=3, uploaded=5)


def test_what_adds_up_has_no_fault() -> None:
    """When everything arrived once and every record was evaluated, there is no fault."""
    assert faults() == []


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ({"posted": ["e0"]}, "1 alerts did not reach their channel"),
        ({"posted": ["e0", "e1", "e1"]}, "1 alerts reached their channel twice"),
        ({"published": ["e0", "e1", "e1"], "matched": 3, "unmatched": 1}, "1 alerts reached their topic twice"),
        ({"topic": 0}, "2 events matched and 0 reached their topic"),
        ({"matched": 3, "unmatched": 1}, "3 events matched and 2 reached their topic"),
        ({"unmatched": 1}, "5 records came in and 4 were evaluated"),
        ({"records_in": 4, "unmatched": 1}, "5 records were uploaded and 4 came in"),
        ({"messages": 2}, "the bucket sent 3 messages and the queue delivered 2"),
        ({"undelivered": 1}, "undelivered: {'sns': 1}"),
        ({"redelivers": True}, "a retry delivered 4 messages again"),
    ],
)
def test_each_fault_is_named(made: dict[str, Any], found: str) -> None:
    """One thing that is missing, repeated or does not add up is one fault, which says what."""
    assert faults(**made) == [found]
