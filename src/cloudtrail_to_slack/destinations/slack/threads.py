"""Threads of similar alerts: the first is the parent, later ones reply to it, and the parent shows how many there are.

A thread never hides what is more severe than its parent: such an alert is posted in the channel, as the parent of what
follows. So a parent always has the highest severity of its thread.

What several accounts record of one call has different identities, and so different fingerprints. A second item, under
the fingerprint that these copies share, points to the thread in which the first copy stands.
"""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.destinations.base import TIMEOUT_SECONDS, Send, Sent, Sizes
from cloudtrail_to_slack.destinations.slack.render.message import Block, SlackMessage, with_thread_count
from cloudtrail_to_slack.destinations.slack.thread_store import Thread, ThreadStore
from cloudtrail_to_slack.errors import DeliveryError, ParentGoneError, TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import Steps, run_to_completion, with_retries
from cloudtrail_to_slack.state.table import StateError

if TYPE_CHECKING:
    from cloudtrail_to_slack.destinations.slack.bot import SlackBot

T = TypeVar("T")

LEASE_SECONDS = 15  # how long opening a thread may take before another function does it instead
DETAILS_TEXT = "Request and response of the alert above"
_ASK_AGAIN_SECONDS = 0.3
# Replies with details that a channel gets in one invocation; in a flood Slack's rate limit is left to alerts.
_MOST_DETAILS = 5
_LONGEST_WAIT_SECONDS = 2  # for a rate limit to end, so that details can be posted

# Posts an alert, as a message of its own (None) or under a thread's `ts`.
Post = Callable[[str | None], Steps[Sent[SlackMessage]]]


@dataclass(slots=True)
class _Touched:
    """A thread that grew in this invocation."""

    channel: str
    thread: Thread
    alerts: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class _Details:
    """What is to be posted under an alert."""

    channel: str
    parent: str
    blocks: list[Block]


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


class SlackThreads:
    """Keeps the threads of an invocation; `table` None: they end with it."""

    def __init__(self, bot: "SlackBot", table: ThreadStore | None, time_to_live: int, clock: Clock) -> None:
        self._bot = bot
        self._table = table
        self._time_to_live = time_to_live
        self._clock = clock
        self._touched: dict[str, _Touched] = {}
        self._own: dict[str, Thread] = {}  # where there is no table
        self._details: list[_Details] = []
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
                self._details.append(_Details(address, str(sent.id), sent.payload.details))
            return sent

        place = ThreadPlace(alert.severity, alert.event.time, alert.fingerprint, alert.shared_fingerprint)
        yield from self.post(address, place, post)

    def post(self, channel: str, place: ThreadPlace, post: Post) -> Steps[None]:
        """Post an alert where it belongs; what goes wrong with the thread never keeps it from being posted.

        Raises:
            DeliveryError: the alert was not posted.
        """
        keys = place.keys(channel)
        if not keys:
            yield from post(None)
        elif self._table is None:
            yield from self._join_own(keys, place, post)
        elif place.shared:
            yield from self._join_copies(self._table, keys, channel, place, post)
        else:
            yield from self._join(self._table, keys[0], channel, place, post)

    def finish(self) -> None:
        """Show in the parent of each thread that grew how many alerts it has, and post details under alerts."""
        for key, touched in self._touched.items():
            self._attempt("thread count not shown", partial(self._show_count, key, touched))
        for details in self._details:
            self._attempt("details of an alert not posted", partial(self._post_details, details))
        self._touched.clear()
        self._details.clear()

    def _attempt(self, failure: str, call: Callable[[], None]) -> None:
        """Do something that no alert depends on: they are all delivered."""
        try:
            call()
        except (StateError, DeliveryError) as error:
            logger.warning(failure, extra={"error": str(error)})

    def _post_details(self, details: _Details) -> None:
        """Post details in the thread of their alert, once at most.

        Raises:
            DeliveryError: they were not posted, or it is not known.
        """

        def post() -> None:
            try:
                message = SlackMessage(DETAILS_TEXT, details.blocks)
                with self._clock.call(TIMEOUT_SECONDS) as timeout:
                    self._bot.send(details.channel, message, parent=details.parent, timeout=timeout)
            except TransientError as error:
                if error.retry_after is None or error.retry_after > _LONGEST_WAIT_SECONDS:
                    raise DeliveryError(error.code) from None  # Slack may have posted them, or is busy with alerts
                raise

        if not self._clock.has(0):
            raise DeliveryError("no_time_left")
        run_to_completion(self._clock, with_retries(post))

    def _join_own(self, keys: Sequence[str], place: ThreadPlace, post: Post) -> Steps[None]:
        """Post the alert in a thread of this invocation, or as the parent of one."""
        known = (self._own.get(key) for key in keys)
        thread = next((thread for thread in known if thread and thread.severity >= place.severity), None)
        try:
            if thread:
                yield from post(thread.ts)
        except ParentGoneError:
            self._own = {key: other for key, other in self._own.items() if other != thread}
            thread = None
        thread = thread or (yield from self._open(place, post))
        for key in keys:
            if key not in self._own or self._own[key].severity < place.severity:
                self._own[key] = thread

    def _join_copies(
        self, table: ThreadStore, keys: Sequence[str], channel: str, place: ThreadPlace, post: Post
    ) -> Steps[None]:
        """Post an alert of which there may be copies: where the first copy stands, or else by its own fingerprint."""
        shared, own = keys[0], keys[-1]
        owner = uuid.uuid4().hex
        claim = yield from self._claim(table, shared, owner)
        if isinstance(claim, Thread):
            if claim.severity >= place.severity and (
                yield from self._reply(table, shared, channel, claim, place, post)
            ):
                return
            claim = False
        try:
            if own == shared:
                thread = yield from self._open(place, post)
            else:
                thread = yield from self._join(table, own, channel, place, post)
                thread = replace(thread, home=thread.home or own)
        except DeliveryError:
            if claim:
                _quietly(lambda: table.release_thread(shared, owner))
            raise
        if claim:
            _quietly(lambda: table.thread_opened(shared, owner, thread, expires_at=self._expires_at))

    def _join(self, table: ThreadStore, key: str, channel: str, place: ThreadPlace, post: Post) -> Steps[Thread]:
        """Post the alert by its fingerprint; return the thread in which it stands, of which it may be the parent."""
        for _ in range(2):  # a thread may turn out to be gone, and then a new one is opened
            owner = uuid.uuid4().hex
            claim = yield from self._claim(table, key, owner)
            if isinstance(claim, Thread) and claim.severity >= place.severity:
                if (yield from self._reply(table, key, channel, claim, place, post)):
                    return claim
                continue
            try:
                thread = yield from self._open(place, post)
            except DeliveryError:
                if claim is True:
                    _quietly(partial(table.release_thread, key, owner))
                raise
            if isinstance(claim, Thread):
                _quietly(partial(table.replace_thread, key, claim.ts, thread, expires_at=self._expires_at))
            elif claim:
                _quietly(partial(table.thread_opened, key, owner, thread, expires_at=self._expires_at))
            return thread
        return (yield from self._open(place, post))

    @property
    def _expires_at(self) -> float:
        return self._clock.now() + self._time_to_live

    def _open(self, place: ThreadPlace, post: Post) -> Steps[Thread]:
        """Post an alert as a message of its own; return the thread of which it is the parent."""
        posted = yield from post(None)
        return Thread(str(posted.id), json.dumps([posted.payload.text, posted.payload.blocks]), place.severity)

    def _claim(self, table: ThreadStore, key: str, owner: str) -> Steps[Thread | bool]:
        """Claim the thread, waiting while another function opens it; False: do without."""
        give_up = self._clock.now() + LEASE_SECONDS + 1
        try:
            while True:
                claim = table.claim_thread(key, owner, now=self._clock.now(), lease=LEASE_SECONDS)
                if claim is not False or self._clock.now() >= give_up or not self._clock.has(_ASK_AGAIN_SECONDS):
                    return claim
                yield _ASK_AGAIN_SECONDS
        except StateError as error:
            logger.warning("alert goes without a thread", extra={"error": str(error)})
            return False

    def _reply(
        self, table: ThreadStore, key: str, channel: str, thread: Thread, place: ThreadPlace, post: Post
    ) -> Steps[bool]:
        """Post the alert in the thread that the item under `key` knows; False when that is gone."""
        try:
            yield from post(thread.ts)
        except ParentGoneError:
            _quietly(lambda: table.forget_thread(key, thread.ts))
            return False
        home = thread.home or key
        count = _quietly(lambda: table.count_in_thread(home, thread.ts))
        if count:
            self._touched[home] = _Touched(channel, thread, count, place.time)
        return True

    def _show_count(self, key: str, touched: _Touched) -> None:
        ts = touched.thread.ts
        if self._table is None or not self._table.claim_shown(key, ts, touched.alerts):
            return
        text, blocks = json.loads(touched.thread.opening)
        message = with_thread_count(SlackMessage(text, blocks), touched.alerts, touched.last)

        def update() -> None:
            with self._clock.call(TIMEOUT_SECONDS) as timeout:
                self._bot.update(touched.channel, ts, message, timeout)

        run_to_completion(self._clock, with_retries(update))


def _whole(sizes: Sizes[SlackMessage]) -> Sizes[SlackMessage]:
    """Return what makes the same messages with their details at the end."""
    return [lambda make=make: make().whole for make in sizes]  # type: ignore[misc]  # mypy infers no default's type


def _quietly(call: Callable[[], T]) -> T | None:
    """Make a call to the state table on which no alert depends."""
    try:
        return call()
    except StateError as error:
        logger.warning("thread state not written", extra={"error": str(error)})
        return None
