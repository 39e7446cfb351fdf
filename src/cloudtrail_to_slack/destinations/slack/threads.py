"""Threads of similar alerts: the first is the parent, later ones reply to it, and the parent shows how many there are.

A thread never hides what is more severe than its parent: such an alert is posted in the channel, as the parent of what
follows. What several accounts record of one call has different fingerprints; a second item, under the one that these
copies share, points to the thread in which the first copy stands.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.destinations.base import TIMEOUT_SECONDS, Send, Sent, Sizes
from cloudtrail_to_slack.destinations.slack.render.message import Block, SlackMessage, with_thread_count
from cloudtrail_to_slack.destinations.slack.thread_store import LEASE_SECONDS, Thread, ThreadStore
from cloudtrail_to_slack.errors import DeliveryError, ParentGoneError, TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import Steps, run_to_completion, with_retries
from cloudtrail_to_slack.state.table import StateError

if TYPE_CHECKING:
    from cloudtrail_to_slack.destinations.slack.bot import SlackBot

T = TypeVar("T")

DETAILS_TEXT = "Request and response of the alert above"
_ASK_AGAIN_SECONDS = 0.3
# Replies with details that a channel gets in one invocation; in a flood Slack's rate limit is left to alerts.
_MOST_DETAILS = 5
_LONGEST_WAIT_SECONDS = 2  # for a rate limit to end, so that details can be posted

# Posts an alert, as a message of its own (None) or under a thread's `ts`.
Post = Callable[[str | None], Steps[Sent[SlackMessage]]]


@dataclass(frozen=True, slots=True)
class ThreadPlace:
    """What decides where an alert is posted.

    Alerts of one `fingerprint` share a thread, and so do the copies of one call, which share the fingerprint `shared`.
    """

    severity: int
    time: datetime | None
    fingerprint: str | None
    shared: str | None = None

    def keys(self, channel: str) -> list[str]:
        """Return the keys of the items that may know its thread: first the one that its copies share."""
        return [f"thread#{channel}#{fingerprint}" for fingerprint in (self.shared, self.fingerprint) if fingerprint]


class _OwnThreads:
    """The threads of one invocation, where there is no table; they are not counted. For the methods see the store."""

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
        self._counts: dict[str, Callable[[], None]] = {}  # what shows that of a thread which grew, by the thread's key
        self._details: list[Callable[[], None]] = []  # what posts those of an alert
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
        """Post an alert where it belongs; what goes wrong with the thread never keeps it from being posted.

        Raises:
            DeliveryError: the alert was not posted.
        """
        keys = place.keys(channel)
        claims: dict[str, Thread | bool] = {}  # of keys whose thread the alert does not join
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
            # What copies share goes on pointing to the first of them, also where a later one is more severe.
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
        """Post the alert in the first thread that is open and severe enough; None where there is none."""
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
        """Claim the thread, waiting while another function opens it; False: do without."""
        give_up = self._clock.now() + LEASE_SECONDS + 1
        try:
            while True:
                claim = self._store.claim(key)
                if claim is not False or self._clock.now() >= give_up or not self._clock.has(_ASK_AGAIN_SECONDS):
                    return claim
                yield _ASK_AGAIN_SECONDS
        except StateError as error:
            logger.warning("alert goes without a thread", extra={"error": str(error)})
            return False

    def _post_details(self, channel: str, parent: str, blocks: list[Block]) -> None:
        """Post details in the thread of their alert, once at most; raise DeliveryError where they may not be posted."""

        def post() -> None:
            try:
                with self._clock.call(TIMEOUT_SECONDS) as timeout:
                    self._bot.send(channel, SlackMessage(DETAILS_TEXT, blocks), parent=parent, timeout=timeout)
            except TransientError as error:
                if error.retry_after is None or error.retry_after > _LONGEST_WAIT_SECONDS:
                    raise DeliveryError(error.code) from None  # Slack may have posted them, or is busy with alerts
                raise

        if not self._clock.has(0):
            raise DeliveryError("no_time_left")
        run_to_completion(self._clock, with_retries(post))

    def _show_count(self, key: str, channel: str, thread: Thread, alerts: int, last: datetime | None) -> None:
        if self._table is None or not self._table.claim_shown(key, thread, alerts):
            return
        message = with_thread_count(SlackMessage(*json.loads(thread.opening)), alerts, last)

        def update() -> None:
            with self._clock.call(TIMEOUT_SECONDS) as timeout:
                self._bot.update(channel, thread.ts, message, timeout)

        run_to_completion(self._clock, with_retries(update))


def _whole(sizes: Sizes[SlackMessage]) -> Sizes[SlackMessage]:
    """Return what makes the same messages with their details at the end."""
    return [lambda make=make: make().whole for make in sizes]  # type: ignore[misc]  # mypy infers no default's type


def _quietly(call: Callable[[], T], failure: str = "thread state not written") -> T | None:
    """Do something that no alert depends on."""
    try:
        return call()
    except (StateError, DeliveryError) as error:
        logger.warning(failure, extra={"error": str(error)})
        return None
