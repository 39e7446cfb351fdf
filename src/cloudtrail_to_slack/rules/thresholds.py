"""Thresholds: a rule that alerts only after it has matched often enough within a window. Pure.

The event that completes the set of counted events raises the alert. If it comes again, by a retry or as a copy, it does
so again, and no other event of the window does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cloudtrail_to_slack.errors import CloudTrailToSlackError
from cloudtrail_to_slack.events.identity import identity_digest
from cloudtrail_to_slack.rules.model import Rule, Threshold

MOST_IN_MEMORY = 100_000  # members of all sets of an invocation; each takes half a kilobyte
_KEPT_CHARACTERS = 120  # of a value that is counted; a longer one counts by its digest
_SHOWN_VALUES = 4


@dataclass(frozen=True)
class Window:
    """The set `key` that counts an event until `end` (seconds since 1970), by its `value`; None: by its identity."""

    key: str
    value: str | None
    end: float


@dataclass(frozen=True)
class Count:
    """A set after adding an event: the event that completed it, and if that is this event, the members."""

    completed_by: str | None = None
    members: frozenset[str] = frozenset()


class CountStore(Protocol):
    """Keeps the sets."""

    def add(self, window: Window, event: str, count: int) -> Count:
        """Add an event to its set until that has `count`, unless another event has completed it.

        Raises:
            CountStoreError: the sets cannot be reached.
        """


class CountStoreError(CloudTrailToSlackError):
    """The store of counts cannot be used. `is_transient`: a later attempt may succeed."""

    def __init__(self, problem: str, *, is_transient: bool) -> None:
        self.is_transient = is_transient
        super().__init__(problem)


class MemoryCounts:
    """Keeps the sets in memory, for one invocation or a whole backtest, with at most `most` members in all."""

    def __init__(self, most: float = math.inf) -> None:
        self._most = most
        self._sets: dict[str, tuple[set[str], str]] = {}
        self._members = 0

    def add(self, window: Window, event: str, count: int) -> Count:
        """Add an event to its set; see `CountStore`."""
        members, completed_by = self._sets.get(window.key, (set(), ""))
        if len(members) >= count and completed_by != event:
            return Count(completed_by)
        self._members += (window.value or event) not in members
        if self._members > self._most:
            raise CountStoreError(f"without a state table, at most {self._most:,} are counted", is_transient=True)
        members.add(window.value or event)
        is_complete = len(members) >= count
        self._sets[window.key] = members, event if is_complete else completed_by
        return Count(event, frozenset(members)) if is_complete else Count()


class ThresholdCounter:
    """Counts the matches of rules with thresholds, for one invocation or backtest.

    `store` keeps the counts. If it cannot be used at all, `on_failure` is called once, and counting continues in
    memory. After a transient failure nothing more is counted: the invocation's retry counts it.
    """

    def __init__(self, store: CountStore, on_failure: Callable[[str], None] = lambda _: None) -> None:
        self._store = store
        self._on_failure = on_failure
        self._unavailable: CountStoreError | None = None
        # Windows that are complete, with the event that completed them, and members that are in their sets already.
        self._closed: dict[str, str] = {}
        self._added: set[tuple[str, str]] = set()

    def reached(
        self,
        rules: tuple[Rule, ...],
        event: Mapping[str, Any],
        time: float,
        identity: Callable[[], str],
        uncounted: Callable[[str], None] = lambda _: None,
    ) -> tuple[Rule, ...]:
        """Return which of the rules that matched alert: those without a threshold, and those that now reach theirs.

        `time` is the event's, in seconds since 1970; `identity` returns an identity that only its copies share.
        `uncounted` is called with a reason if a match could not be counted now.
        """
        alerting = []
        for rule in rules:
            if rule.threshold is None:
                alerting.append(rule)
            elif window := window_of(rule, rule.threshold, event, time):
                try:
                    members = self._add(window, rule.threshold.count, identity)
                except CountStoreError as error:
                    uncounted(str(error))
                    continue
                if members:
                    alerting.append(_with_count(rule, rule.threshold, members))
        return tuple(alerting)

    def _add(self, window: Window, needed: int, identity: Callable[[], str]) -> frozenset[str] | None:
        """Return the members of the set if the event completes it; None: it does not.

        Raises:
            CountStoreError: it cannot be counted now.
        """
        if (window.key, window.value) in self._added:
            return None
        event = identity()
        if self._closed.get(window.key, event) != event:
            return None
        if self._unavailable:
            raise self._unavailable
        try:
            count = self._store.add(window, event, needed)
        except CountStoreError as error:
            if error.is_transient:
                self._unavailable = error
                raise
            self._on_failure(str(error))
            self._store = MemoryCounts(MOST_IN_MEMORY)
            count = self._store.add(window, event, needed)
        if count.completed_by is not None:
            self._closed[window.key] = count.completed_by
        elif window.value is not None:
            self._added.add((window.key, window.value))
        return count.members or None


def window_of(rule: Rule, threshold: Threshold, event: Mapping[str, Any], time: float) -> Window | None:
    """Return the window of an event that matched; None: it lacks the field whose values are counted."""
    seconds = threshold.minutes * 60
    start = int(time // seconds) * seconds
    value = None if threshold.distinct is None else event.get(threshold.distinct)
    if threshold.distinct is not None and value is None:
        return None
    by = [str(event.get(field)) for field in threshold.by]
    key = identity_digest(rule.name, threshold.minutes, threshold.by, threshold.distinct, by)
    return Window(f"threshold#{key}#{start}", None if value is None else _shortened(str(value)), start + seconds)


def _with_count(rule: Rule, threshold: Threshold, members: frozenset[str]) -> Rule:
    """Return the rule with what was counted; the set has as many members as the threshold asks for."""
    if threshold.count == 1:
        return rule
    counted = f"{threshold.counted} within {threshold.window}"
    if threshold.distinct in (None, "readOnly"):
        return replace(rule, counted=counted)
    shown = tuple(sorted(members)[:_SHOWN_VALUES])
    among = ", among them" if len(members) > len(shown) else ""
    return replace(rule, counted=f"{counted}{among}", members=shown)


def _shortened(value: str) -> str:
    # JSON can contain lone surrogates, which a database rejects.
    text = value.encode("utf-8", "replace").decode()
    if len(text) <= _KEPT_CHARACTERS and text == value and text:
        return text
    return f"{text[:_KEPT_CHARACTERS]}…{identity_digest(value)[:16]}"
