"""What the demo finds fault with."""

from typing import Any

import pytest

from cloudtrail_to_slack_dev.demo.arrivals import Arrivals, Published, find_faults
from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.demo.scene import PRODUCTION, Scene, Topic
from cloudtrail_to_slack_dev.slack_standin import SlackStandIn

_TOPICS = (Topic("default", "arn:default", ""), Topic("production", "arn:production", ""))
_COUNTS = {"records_in": 5, "matched": 2, "ignored": 1, "unmatched": 2, "failed": 0}


def faults(*, told: int = 2, topic: int = 1, messages: int = 3, undelivered: int = 0, **counts: int) -> list[str]:
    """Return the faults of a demo of five records and two alerts, of which `told` reached their channel."""
    anything: Any = None  # clients are not used
    scene = Scene(SlackStandIn(), anything, anything, "", "", _TOPICS)
    alerts = [Published(_TOPICS[topic], "", {"event_id": f"e{n}", "account_id": PRODUCTION}) for n in range(2)]
    replay = Replay(messages=messages)
    replay.totals.counts.update({**_COUNTS, **counts})
    replay.totals.undelivered.update({"sns": undelivered} if undelivered else {})
    arrivals = Arrivals(alerts, {("C", str(n)): alert for n, alert in enumerate(alerts[:told])})
    return find_faults(scene, replay, arrivals, announced=3, uploaded=5)


def test_what_adds_up_has_no_fault() -> None:
    """When everything arrived and every record was judged, there is no fault."""
    assert faults() == []


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ({"told": 1}, "1 alerts did not reach their channel"),
        ({"topic": 0}, "2 events matched and 0 reached their topic"),
        ({"matched": 3, "unmatched": 1}, "3 events matched and 2 reached their topic"),
        ({"unmatched": 1}, "5 records came in and 4 were judged"),
        ({"records_in": 4, "unmatched": 1}, "5 records were uploaded and 4 came in"),
        ({"messages": 2}, "the bucket announced 3 times and the queue gave 2"),
        ({"undelivered": 1}, "undelivered: {'sns': 1}"),
    ],
)
def test_each_fault_is_named(made: dict[str, int], found: str) -> None:
    """One thing that is missing or does not add up is one fault, which says what."""
    assert faults(**made) == [found]
