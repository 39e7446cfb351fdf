"""Threads of similar alerts: the first opens one, later ones answer in it, and the opening message counts them."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cloudtrail_to_slack.destinations import Destinations
from cloudtrail_to_slack.destinations.slack_errors import THREAD_GONE
from cloudtrail_to_slack.errors import DeliveryError
from cloudtrail_to_slack.lanes import Waits, driven
from cloudtrail_to_slack.messages import SlackMessage
from cloudtrail_to_slack.messages.slack_notices import with_thread_count
from cloudtrail_to_slack.state import StateError, StateTable, Thread
from cloudtrail_to_slack.telemetry import logger
from cloudtrail_to_slack.waiting import Clock, retried

T = TypeVar("T")

LEASE_SECONDS = 15  # how long opening a thread may take before another function does it instead
_ASK_AGAIN_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as Slack took it, which may be shorter than what was offered first."""

    ts: str
    message: SlackMessage


# Posts an alert, as a message of its own (None) or under a thread's `ts`.
Post = Callable[[str | None], Waits[Posted]]


@dataclass(slots=True)
class _Touched:
    channel: str
    thread: Thread
    alerts: int
    last: datetime | None


class Threads:
    """Keeps the threads of an invocation; `table` None: they end with it."""

    def __init__(self, destinations: Destinations, table: StateTable | None, time_to_live: int, clock: Clock) -> None:
        self._destinations = destinations
        self._table = table
        self._time_to_live = time_to_live
        self._clock = clock
        self._touched: dict[str, _Touched] = {}
        self._own: dict[str, str] = {}  # the opening messages' `ts`, where there is no table

    def join(self, channel: str, fingerprint: str | None, time: datetime | None, post: Post) -> Waits[None]:
        """Post an alert in the thread of its fingerprint, opening it if need be.

        What goes wrong with the thread never keeps the alert from being posted.

        Raises:
            DeliveryError: the alert was not posted.
        """
        if fingerprint is None:
            yield from post(None)
            return
        key = f"thread#{channel}#{fingerprint}"
        if self._table is None:
            yield from self._join_own(key, post)
            return
        for _ in range(2):  # a thread may turn out to be gone, and then a new one is opened
            if (yield from self._try_join(self._table, key, channel, time, post)):
                return
        yield from post(None)

    def show_counts(self) -> None:
        """Show in the opening message of each thread that grew how many alerts it has, and when the last came."""
        for key, touched in self._touched.items():
            try:
                self._show_count(key, touched)
            except (StateError, DeliveryError) as error:  # all alerts are told; only the count is old
                logger.warning("thread count not shown", extra={"error": str(error)})
        self._touched.clear()

    def _join_own(self, key: str, post: Post) -> Waits[None]:
        """Post the alert in a thread that this invocation opened, or open one."""
        try:
            posted = yield from post(self._own.get(key))
        except DeliveryError as error:
            if error.code not in THREAD_GONE or not self._own.pop(key, None):
                raise
            posted = yield from post(None)
        self._own.setdefault(key, posted.ts)

    def _try_join(self, table: StateTable, key: str, channel: str, time: datetime | None, post: Post) -> Waits[bool]:
        """Post the alert; False when the thread it should join is gone."""
        owner = uuid.uuid4().hex
        claim = yield from self._claim(table, key, owner)
        if isinstance(claim, Thread):
            return (yield from self._answer(table, key, _Touched(channel, claim, 0, time), post))
        try:
            posted = yield from post(None)
        except DeliveryError:
            if claim:
                _quietly(lambda: table.release_thread(key, owner))
            raise
        if claim:
            thread = Thread(posted.ts, json.dumps([posted.message.text, posted.message.blocks]))
            expires_at = self._clock.now() + self._time_to_live
            _quietly(lambda: table.thread_opened(key, owner, thread, expires_at=expires_at))
        return True

    def _claim(self, table: StateTable, key: str, owner: str) -> Waits[Thread | bool]:
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

    def _answer(self, table: StateTable, key: str, touched: _Touched, post: Post) -> Waits[bool]:
        try:
            yield from post(touched.thread.ts)
        except DeliveryError as error:
            if error.code not in THREAD_GONE:
                raise
            _quietly(lambda: table.forget_thread(key, touched.thread.ts))
            return False
        count = _quietly(lambda: table.count_in_thread(key, touched.thread.ts))
        if count:
            touched.alerts = count
            self._touched[key] = touched
        return True

    def _show_count(self, key: str, touched: _Touched) -> None:
        ts = touched.thread.ts
        if self._table is None or not self._table.claim_shown(key, ts, touched.alerts):
            return
        text, blocks = json.loads(touched.thread.opening)
        message = with_thread_count(SlackMessage(text, blocks), touched.alerts, touched.last)
        update = retried(lambda: self._destinations.slack_app.update(touched.channel, ts, message))
        driven(self._clock, update)


def _quietly(call: Callable[[], T]) -> T | None:
    """Make a call to the state table on which no alert depends."""
    try:
        return call()
    except StateError as error:
        logger.warning("thread state not written", extra={"error": str(error)})
        return None
