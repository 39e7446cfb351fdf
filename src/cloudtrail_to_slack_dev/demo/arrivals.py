"""What arrived in channels and topics, and whether it is all that had to arrive."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.demo.scene import Scene, Topic, receive
from cloudtrail_to_slack_dev.slack_standin import Message


@dataclass(frozen=True, slots=True)
class Published:
    """What a topic received: the subject and the body."""

    topic: Topic
    subject: str
    body: dict[str, Any]

    @property
    def event_id(self) -> str | None:
        """The event that an alert is about; None for a notice."""
        value = self.body.get("event_id")
        return value if isinstance(value, str) else None

    @property
    def account(self) -> str | None:
        """The account that this is about."""
        value = self.body.get("account_id")
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Everything that arrived.

    Attributes:
        published: What the topics received, in order.
        alerts: By the channel and `ts` of a Slack message, the alert of the same event as it was published.
    """

    published: Sequence[Published]
    alerts: dict[tuple[str, str], Published]


def collect(scene: Scene) -> Arrivals:
    """Read what the topics received, and find each alert's message in the channel that it is routed to."""
    published = [item for topic in scene.topics for item in _read_topic(scene, topic)]
    said = {
        channel.id: [(message, _everything(message)) for message in scene.slack.messages(channel.id)]
        for channel in scene.slack.channels()
    }
    alerts: dict[tuple[str, str], Published] = {}
    for item in published:
        channel = scene.channel_of(item.account)
        for message, text in said[channel]:
            if item.event_id and item.event_id in text:
                alerts.setdefault((channel, message.ts), item)
    return Arrivals(published, alerts)


def find_faults(scene: Scene, replay: Replay, arrivals: Arrivals, *, announced: int, uploaded: int) -> list[str]:
    """Return what does not add up, one sentence each.

    Args:
        scene: Where it happened.
        replay: What the handler says it did.
        arrivals: What arrived.
        announced: How many messages the bucket had to send.
        uploaded: How many records the readable log objects hold.
    """
    counts = replay.totals.counts
    judged = counts["matched"] + counts["ignored"] + counts["unmatched"] + counts["failed"]
    routed = [item for item in arrivals.published if item.event_id and item.topic == scene.topic_of(item.account)]
    in_slack = {item.event_id for item in arrivals.alerts.values()}
    missing = {item.event_id for item in routed} - in_slack
    claims = [
        (replay.messages == announced, f"the bucket announced {announced} times and the queue gave {replay.messages}"),
        (counts["records_in"] == uploaded, f"{uploaded} records were uploaded and {counts['records_in']} came in"),
        (counts["records_in"] == judged, f"{counts['records_in']} records came in and {judged} were judged"),
        (not replay.totals.undelivered, f"undelivered: {dict(replay.totals.undelivered)}"),
        (len(routed) == counts["matched"], f"{counts['matched']} events matched and {len(routed)} reached their topic"),
        (not missing, f"{len(missing)} alerts did not reach their channel"),
    ]
    return [problem for holds, problem in claims if not holds]


def _everything(message: Message) -> str:
    return json.dumps([message.text, message.blocks], ensure_ascii=False)


def _read_topic(scene: Scene, topic: Topic) -> list[Published]:
    found: list[Published] = []
    while messages := receive(scene.sqs, topic.listener_url):
        for message in messages:
            envelope = json.loads(message["Body"])
            found.append(Published(topic, envelope.get("Subject", ""), json.loads(envelope["Message"])))
    return found
