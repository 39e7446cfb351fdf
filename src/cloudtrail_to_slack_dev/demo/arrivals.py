"""What arrived in channels and topics, chapter by chapter, and whether it is all that had to arrive."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_to_slack_dev.demo.local_setup import LocalSetup, Topic, receive
from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.demo.story import Chapter
from cloudtrail_to_slack_dev.fake_slack import Channel, Message


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
class Posted:
    """A message in a channel."""

    channel: Channel
    message: Message


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What arrived in a chapter: in Slack and on the topics, in order, and what the handler counted."""

    chapter: Chapter
    posted: Sequence[Posted]
    published: Sequence[Published]
    counts: Counter[str]


@dataclass(slots=True)
class Inbox:
    """Collects what arrives."""

    local: LocalSetup
    chapters: list[Arrivals] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def collect(self, chapter: Chapter, counts: Counter[str]) -> Arrivals:
        """Return, and keep, what arrived since the last time."""
        posted = [item for item in self._all_posted() if (item.channel.id, item.message.ts) not in self._seen]
        self._seen.update((item.channel.id, item.message.ts) for item in posted)
        published = [item for topic in self.local.topics for item in _read_topic(self.local, topic)]
        arrivals = Arrivals(chapter, posted, published, counts)
        self.chapters.append(arrivals)
        return arrivals

    @property
    def posted(self) -> list[Posted]:
        """Everything in Slack, as it is now: messages may have been updated."""
        return [item for item in self._all_posted() if (item.channel.id, item.message.ts) in self._seen]

    @property
    def published(self) -> list[Published]:
        """Everything on the topics."""
        return [item for arrivals in self.chapters for item in arrivals.published]

    def _all_posted(self) -> Iterable[Posted]:
        for channel in self.local.slack.channels():
            for thread in self.local.slack.threads(channel.id):
                yield from (Posted(channel, message) for message in (thread.root, *thread.replies))


def find_faults(local: LocalSetup, replay: Replay, inbox: Inbox, *, announced: int, uploaded: int) -> list[str]:
    """Return what does not add up, one sentence each.

    Args:
        local: Where it happened.
        replay: What the handler reports about its invocations.
        inbox: What arrived.
        announced: How many messages the bucket had to send.
        uploaded: How many records the readable log files hold.
    """
    counts = replay.totals.counts
    evaluated = counts["matched"] + counts["ignored"] + counts["unmatched"] + counts["failed"]
    routed = [item for item in inbox.published if item.event_id and item.topic == local.topic_of(item.account)]
    in_slack = Counter({str(item.event_id): _times_posted(local, inbox, item) for item in routed})
    missing = [event_id for event_id in in_slack if not in_slack[event_id]]
    repeated = [event_id for event_id, times in in_slack.items() if times > 1]
    again = [item for each in inbox.chapters if each.chapter.redelivers for item in (*each.posted, *each.published)]
    claims = [
        (
            replay.messages == announced,
            f"the bucket sent {announced} messages and the queue delivered {replay.messages}",
        ),
        (counts["records_in"] == uploaded, f"{uploaded} records were uploaded and {counts['records_in']} came in"),
        (counts["records_in"] == evaluated, f"{counts['records_in']} records came in and {evaluated} were evaluated"),
        (not replay.totals.undelivered, f"undelivered: {dict(replay.totals.undelivered)}"),
        (len(routed) == counts["matched"], f"{counts['matched']} events matched and {len(routed)} reached their topic"),
        (len(in_slack) == len(routed), f"{len(routed) - len(in_slack)} alerts reached their topic twice"),
        (not missing, f"{len(missing)} alerts did not reach their channel"),
        (not repeated, f"{len(repeated)} alerts reached their channel twice"),
        (not again, f"a retry delivered {len(again)} messages again"),
    ]
    return [problem for holds, problem in claims if not holds]


def _times_posted(local: LocalSetup, inbox: Inbox, item: Published) -> int:
    """Return how many messages of the channel that an alert is routed to hold its event's id."""
    channel = local.channel_of(item.account)
    texts = [
        json.dumps([posted.message.text, posted.message.blocks], ensure_ascii=False)
        for posted in inbox.posted
        if posted.channel.id == channel
    ]
    return sum(str(item.event_id) in text for text in texts)


def _read_topic(local: LocalSetup, topic: Topic) -> list[Published]:
    found: list[Published] = []
    while messages := receive(local.sqs, topic.listener_url):
        for message in messages:
            envelope = json.loads(message["Body"])
            found.append(Published(topic, envelope.get("Subject", ""), json.loads(envelope["Message"])))
    return found
