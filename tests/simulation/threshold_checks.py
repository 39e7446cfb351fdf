"""Check that a rule with a threshold alerts once in each window in which enough was counted."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from cloudtrail_to_slack.events.event import parse_time
from simulation.events import COUNTED_LEAST, COUNTED_MINUTES, SimulatedEvent
from simulation.histories import History
from simulation.recorder import Delivery, Recorder

# A caller, and where the window begins.
_Window = tuple[str, int]


def check_thresholds(
    history: History, recorder: Recorder, delivered: Mapping[tuple[str, str], Sequence[Delivery]]
) -> Iterator[str]:
    """Yield what is wrong with the alerts of a rule that has a threshold.

    Where the state table cannot be used at all each invocation counts for itself, and there is nothing to expect.
    """
    if any(invocation.counts_alone for invocation in recorder.invocations):
        return
    for window, events in _windows(history).items():
        for kind in history.deployment.kinds:
            carriers = [event.event_id for event in events if delivered.get((kind, event.event_id))]
            if len(set(carriers)) > 1:
                yield f"{window} has {len(set(carriers))} alerts in {kind}: {carriers}"
            if carriers and _different(events) < COUNTED_LEAST:
                yield f"{window} has an alert in {kind}, and too little was counted"
            if not carriers and _is_reached(history, recorder, window):
                yield f"{window} has no alert in {kind}, and enough was counted"


def _windows(history: History) -> dict[_Window, list[SimulatedEvent]]:
    """Return what is counted by window."""
    windows: dict[_Window, list[SimulatedEvent]] = defaultdict(list)
    for event in history.counted.values():
        windows[_window(event)].append(event)
    return windows


def _is_reached(history: History, recorder: Recorder, window: _Window) -> bool:
    """Whether the notifications that succeeded bring enough, and none that did not brings anything of the window."""
    counted: list[SimulatedEvent] = []
    for notification in history.notifications:
        of_window = [event for event in notification.events if event.counted and _window(event) == window]
        if of_window and recorder.ends.get(notification.number, ("", 0))[0] != "done":
            return False  # the event that completed the count may be in the dead-letter queue
        counted += of_window
    return _different(counted) >= COUNTED_LEAST


def _different(events: Sequence[SimulatedEvent]) -> int:
    return len({event.record["requestParameters"]["secretId"] for event in events})


def _window(event: SimulatedEvent) -> _Window:
    time = parse_time(event.time)
    assert time
    return str(event.record["userIdentity"]["principalId"]), int(time.timestamp() // (COUNTED_MINUTES * 60))
