"""Threads of similar alerts: the first is the parent, later ones reply to it, and the parent shows how many there are.

A thread never hides an alert that is more severe than its parent: such an alert is posted in the channel, as the parent
of a new thread. Copies of one call in several accounts have different fingerprints; a second item, under the
fingerprint that they share, points to the thread of the first copy.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.destinations.base import TIMEOUT_SECONDS, Send, Sent, Sizes
from cloudtrail_to_slack.destinations.slack.render.message import Block, SlackMessage, with_thread_count
from cloudtrail_to_slack.errors import DeadlineExceededError, DeliveryError, ParentGoneError, TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import Steps, run_to_completion, with_retries
from cloudtrail_to_slack.state.leases import OWNER, lease_condition, lease_values
from cloudtrail_to_slack.state.table import StateError, Table, number
from cloudtrail_to_slack.state.trust import longest_kept, string, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from cloudtrail_to_slack.destinations.slack.bot import SlackBot

T = TypeVar("T")

LEASE_SECONDS = 15  # for opening a thread, before another function does it instead
_THREAD_IS_FREE = lease_condition(done="attribute_exists(ts)")
_UNCHANGED = "expires_at = :seen_expires_at AND ts = :seen_ts"
_TIMESTAMP = re.compile(r"[0-9.]{1,40}")
# The update that opens a thread.
_OPEN = (
    "SET ts = :ts, opening = :opening, severity = :severity, home = :home, expires_at = :expires_at, "
    "alerts = :one, shown = :one"
)
DETAILS_TEXT = "Request and response of the alert above"
_ASK_AGAIN_SECONDS = 0.3
# Replies with details for a channel in one invocation; in a flood, Slack's rate limit is left to alerts.
_MOST_DETAILS = 5
_LONGEST_WAIT_SECONDS = 2  # for a rate limit to end, before posting details

# Posts an alert, as a message of its own (None) or under a thread's `ts`.
Post = Callable[[str | None], Steps[Sent[SlackMessage]]]


@dataclass(frozen=True, slots=True)
class ThreadPlace:
    """The facts that decide where an alert is posted.

    Alerts of one `fingerprint` share a thread, and so do the copies of one call, which share the fingerprint `shared`.
    """

    severity: int
    time: datetime | None
    fingerprint: str | None
    shared: str | None = None

    def keys(self, channel: str) -> list[str]:
        """Return the keys of the items that may have its thread: first the one that its copies share."""
        return [f"thread#{channel}#{fingerprint}" for fingerprint in (self.shared, self.fingerprint) if fingerprint]


@dataclass(frozen=True, slots=True)
class Thread:
    """An open thread: the parent message's `ts`, and the message as JSON, to show it again with a count.

    `severity` is the parent's; 0: unknown. `home` is the key of the item that counts the thread's alerts; empty: the
    item's own.
    """

    ts: str
    opening: str
    severity: int = 0
    home: str = ""


class ThreadStore:
    """The threads as one invocation uses them, each open for `time_to_live` seconds. Every method raises StateError."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, time_to_live: float, clock: Clock) -> None:
        self._table = Table(dynamodb, table_name, clock)
        self._time_to_live = time_to_live
        self._clock = clock
        self._owner = uuid.uuid4().hex

    def claim(self, key: str) -> Thread | bool:
        """Return the thread if it is open; True: this function may open it; False: another is opening it."""
        now = self._clock.now()
        item = {"pk": {"S": key}, "owner": {"S": self._owner}, "expires_at": number(now + LEASE_SECONDS)}
        kept = max(longest_kept(self._time_to_live), LEASE_SECONDS)
        conflict = self._table.put(item, _THREAD_IS_FREE, lease_values(now, self._owner, LEASE_SECONDS, kept))
        if conflict is None:
            return True
        if "ts" not in conflict:
            return False
        thread = _read_thread(key, conflict)
        if thread is None:  # this code did not write it: replace it, unless it has changed
            seen = {":seen_expires_at": conflict["expires_at"], ":seen_ts": conflict["ts"]}
            return self._table.put(item, _UNCHANGED, seen) is None
        return thread

    def opened(self, key: str, thread: Thread, *, replaced: Thread | None = None) -> bool:
        """Record a thread with one alert, if this function may open it or it replaces `replaced`."""
        values = {
            ":expected": {"S": replaced.ts if replaced else self._owner},
            ":ts": {"S": thread.ts},
            ":opening": {"S": thread.opening},
            ":severity": number(thread.severity),
            ":home": {"S": thread.home},
            ":expires_at": number(self._clock.now() + self._time_to_live),
            ":one": number(1),
        }
        attribute, names = ("ts", None) if replaced else ("#owner", OWNER)
        return self._table.update(key, _OPEN, f"{attribute} = :expected", values, names=names).conflict is None

    def release(self, key: str) -> None:
        """Let the next alert open the thread instead of this function."""
        self._table.delete(key, "#owner = :value", {":value": {"S": self._owner}})

    def forget(self, key: str, thread: Thread) -> None:
        """Forget a thread whose parent message is gone, unless a new one has been opened meanwhile."""
        self._table.delete(key, "ts = :value", {":value": {"S": thread.ts}})

    def count(self, key: str, thread: Thread) -> int | None:
        """Count one more alert in the thread; return how many there are; None: a new thread has replaced it."""
        values = {":one": number(1), ":ts": {"S": thread.ts}}
        answer = self._table.update(key, "ADD alerts :one", "ts = :ts", values, returned="ALL_NEW")
        return whole_number(answer.attributes, "alerts")

    def claim_shown(self, key: str, thread: Thread, alerts: int) -> bool:
        """Claim the right to show that the thread has `alerts`; False: a later count is shown already."""
        values = {":alerts": number(alerts), ":ts": {"S": thread.ts}}
        condition = "ts = :ts AND shown < :alerts"
        return self._table.update(key, "SET shown = :alerts", condition, values).conflict is None


class _OwnThreads:
    """The threads of one invocation without a table; they are not counted. For the methods see `ThreadStore`."""

    def __init__(self) -> None:
        self._threads: dict[str, Thread] = {}

    def claim(self, key: str) -> Thread | bool:
        return self._threads.get(key, True)

    def opened(self, key: str, thread: Thread, *, replaced: Thread | None = None) -> None:  # noqa: ARG002 (as the store)
        self._threads[key] = thread

    def release(self, key: str) -> None:
        pass

    def forget(self, key: str, thread: Thread) -> None:  # noqa: ARG002 (as the store)
        del self._threads[key]

    def count(self, key: str, thread: Thread) -> None:
        pass


class SlackThreads:
    """Keeps the threads of an invocation; `table` None: they end with it."""

    def __init__(self, bot: "SlackBot", table: ThreadStore | None, clock: Clock) -> None:
        self._bot = bot
        self._table = table
        self._store = table or _OwnThreads()
        self._clock = clock
        self._counts: dict[str, Callable[[], None]] = {}  # shows the count of a thread that grew, by its key
        self._details: list[Callable[[], None]] = []  # posts the details of an alert
        self._with_details: Counter[str] = Counter()  # by channel

    def join(self, address: str, alert: Alert, warning: Line | None, send: Send[SlackMessage]) -> Steps[None]:
        """Post an alert in its thread, or as the parent of one. See `Threads`."""

        def post(thread_ts: str | None) -> Steps[Sent[SlackMessage]]:
            if thread_ts:
                return (yield from send(self._bot.render_reply(alert, warning), thread_ts))
            sizes = self._bot.render_alert(alert, dedup_key="", warning=warning)
            sent = yield from send(sizes if self._with_details[address] < _MOST_DETAILS else _whole(sizes), None)
            if sent.payload.details:
                self._with_details[address] += 1
                self._details.append(partial(self._post_details, address, str(sent.id), sent.payload.details))
            return sent

        place = ThreadPlace(alert.severity, alert.event.time, alert.fingerprint, alert.shared_fingerprint)
        yield from self.post(address, place, post)

    def post(self, channel: str, place: ThreadPlace, post: Post) -> Steps[None]:
        """Post an alert where it belongs; errors with the thread never prevent that.

        Raises:
            DeliveryError: the alert was not posted.
        """
        keys = place.keys(channel)
        claims: dict[str, Thread | bool] = {}  # by the keys of threads that the alert does not join
        try:
            thread = yield from self._reply(keys, claims, channel, place, post)
            if thread is None:
                sent = yield from post(None)
                opening = json.dumps([sent.payload.text, sent.payload.blocks])
                thread = Thread(str(sent.id), opening, place.severity, keys[-1] if keys else "")
        except DeliveryError:
            for key in (key for key, claim in claims.items() if claim is True):
                _quietly(partial(self._store.release, key))
            raise
        for key, claim in claims.items():
            replaced = claim if isinstance(claim, Thread) else None
            # The shared item still points to the first copy, even if a later one is more severe.
            if claim and (replaced is None or key == keys[-1]):
                _quietly(partial(self._store.opened, key, thread, replaced=replaced))

    def finish(self) -> None:
        """Show in the parent of each thread that grew how many alerts it has, and post details under alerts."""
        for show_count in self._counts.values():
            _quietly(show_count, "thread count not shown")
        for post_details in self._details:
            _quietly(post_details, "details of an alert not posted")
        self._counts.clear()
        self._details.clear()

    def _reply(
        self, keys: Sequence[str], claims: dict[str, Thread | bool], channel: str, place: ThreadPlace, post: Post
    ) -> Steps[Thread | None]:
        """Post the alert in the first thread that is open and severe enough; None: there is none."""
        for key in keys:
            for _ in range(2):  # a thread may turn out to be gone, and then a new one is opened
                claim = claims[key] = yield from self._claim(key)
                if not isinstance(claim, Thread) or claim.severity < place.severity:
                    break
                try:
                    yield from post(claim.ts)
                except ParentGoneError:
                    _quietly(partial(self._store.forget, key, claim))
                    continue
                del claims[key]
                home = claim.home or key
                count = _quietly(partial(self._store.count, home, claim))
                if count:
                    self._counts[home] = partial(self._show_count, home, channel, claim, count, place.time)
                return Thread(claim.ts, claim.opening, claim.severity, home)
        return None

    def _claim(self, key: str) -> Steps[Thread | bool]:
        """Claim the thread, waiting while another function opens it; False: post without a thread."""
        give_up = self._clock.now() + LEASE_SECONDS + 1
        try:
            while True:
                claim = self._store.claim(key)
                may_wait = self._clock.now() < give_up and self._clock.has_time_for(_ASK_AGAIN_SECONDS)
                if claim is not False or not may_wait:
                    return claim
                yield _ASK_AGAIN_SECONDS
        except StateError as error:
            logger.warning("alert sent without a thread", extra={"error": str(error)})
            return False

    def _post_details(self, channel: str, parent: str, blocks: list[Block]) -> None:
        """Post details in the thread of their alert, at most once; raise DeliveryError if that failed or may have."""

        def post() -> None:
            try:
                with self._clock.call(TIMEOUT_SECONDS) as timeout:
                    self._bot.send(channel, SlackMessage(DETAILS_TEXT, blocks), parent=parent, timeout=timeout)
            except TransientError as error:
                if error.retry_after is None or error.retry_after > _LONGEST_WAIT_SECONDS:
                    raise DeliveryError(error.code) from None  # Slack may have posted them, or is busy with alerts
                raise

        if not self._clock.has_time_for(0):
            raise DeadlineExceededError
        run_to_completion(self._clock, with_retries(post))

    def _show_count(self, key: str, channel: str, thread: Thread, alerts: int, last: datetime | None) -> None:
        if self._table is None or not self._table.claim_shown(key, thread, alerts):
            return
        message = with_thread_count(SlackMessage(*json.loads(thread.opening)), alerts, last)

        def update() -> None:
            with self._clock.call(TIMEOUT_SECONDS) as timeout:
                self._bot.update(channel, thread.ts, message, timeout)

        try:
            run_to_completion(self._clock, with_retries(update))
        except ParentGoneError:  # it was deleted, and Slack would post each further reply in the channel
            self._table.forget(key, thread)
            raise


def _whole(sizes: Sizes[SlackMessage]) -> Sizes[SlackMessage]:
    """Return the same sizes, with the details at the end of the message."""
    return [lambda make=make: make().whole for make in sizes]  # type: ignore[misc]  # mypy infers no default's type


def _quietly(call: Callable[[], T], failure: str = "thread state not written") -> T | None:
    """Call a function that no alert depends on; log its errors."""
    try:
        return call()
    except (StateError, DeliveryError) as error:
        logger.warning(failure, extra={"error": str(error)})
        return None


def _read_thread(key: str, item: Mapping[str, Any]) -> Thread | None:
    """Return the thread in an item; None: this code did not write it."""
    ts, opening = string(item, "ts"), string(item, "opening")
    severity, home = whole_number(item, "severity") or 0, string(item, "home") or ""
    if ts is None or opening is None or not _TIMESTAMP.fullmatch(ts) or not _is_message(opening):
        return None
    same_channel = home.startswith(key[: key.rfind("#") + 1])
    return Thread(ts, opening, severity, home if same_channel else "")


def _is_message(text: str) -> bool:
    """Whether `text` is a message as `Thread` keeps it: text and blocks."""
    try:
        match json.loads(text):
            case [str(), list(blocks)]:
                return all(isinstance(block, dict) for block in blocks)
    except (ValueError, RecursionError):
        pass
    return False
