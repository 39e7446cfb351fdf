"""Share an invocation's time and memory among its log files, so that a slow file does not delay the others' alerts.

Files take turns, and alerts are delivered after each round: see docs/time.md.
"""

import math
from collections.abc import Callable, Sequence

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.evaluation.file_evaluation import LogFileEvaluation
from cloudtrail_to_slack.evaluation.records import MAX_PENDING_BYTES, PendingAlerts

_FIRST_ROUND_SHARE = 0.5  # of the invocation's time, before anything is delivered
_DELIVERY_SHARE = 0.2  # of the invocation's time, kept for the last delivery
_MOST_DELIVERY_SECONDS = 30.0
_LONGEST_TURNS = (5.0, 20.0, math.inf)  # seconds, by round: alerts must not wait for the slowest file
_LEAST_TURN_SECONDS = 0.2
_LEAST_TURN_BYTES = 512 * 1024
_MOST_OPEN = 10  # unfinished files: each holds a connection and a buffer


class Turns:
    """Lets log files take turns. `deliver` delivers pending alerts; `on_failure` is called for a file that raises."""

    def __init__(
        self,
        clock: Clock,
        pending: PendingAlerts,
        deliver: Callable[[], None],
        on_failure: Callable[[LogFileEvaluation, Exception], None],
    ) -> None:
        self._clock = clock
        self._pending = pending
        self._deliver = deliver
        self._on_failure = on_failure
        total = clock.spare()
        self._reserve = min(total * _DELIVERY_SHARE, _MOST_DELIVERY_SECONDS)
        self._first_delivery = clock.now() + total * _FIRST_ROUND_SHARE
        self._until = math.inf

    def left(self) -> float:
        """Return how many seconds are left in the current share, less those for the last delivery."""
        return min(self._clock.spare() - self._reserve, self._until - self._clock.now())

    def share(self, parts: int) -> None:
        """Limit what comes next to one of this many equal parts of the time left; 1: all of it."""
        self._until = math.inf
        self._until = self._clock.now() + self.left() / parts

    def evaluate(self, files: Sequence[LogFileEvaluation]) -> None:
        """Evaluate the files while there is time. The last alerts may still be pending afterwards."""
        active, number = list(files), 0
        while active and (budget := self._budget()) > 0:
            # If all files wait until S3 may be asked again, wait too, if there is time.
            seconds = min(file.not_before for file in active) - self._clock.now()
            if seconds > 0 and not (seconds < budget and self._clock.wait(seconds)):
                break
            self._round(active, number, budget)
            # Files that have had the least time come first; too many open files are given up.
            active = sorted((file for file in active if not file.done), key=lambda file: file.spent)
            for file in [file for file in active if file.begun][_MOST_OPEN:]:
                file.give_up()
            active = [file for file in active if not file.done]
            if any(file.begun for file in active):
                self._deliver()
            number += 1
        for file in active:
            file.give_up()

    def _budget(self) -> float:
        """Return how many seconds may pass until the next delivery; deliver now if it is due."""
        if self._pending.size:
            until_delivery = self._first_delivery - self._clock.now()
            if until_delivery > _LEAST_TURN_SECONDS:
                return min(self.left(), until_delivery)
            self._deliver()
        return self.left()

    def _round(self, active: Sequence[LogFileEvaluation], number: int, budget: float) -> None:
        now, pending = self._clock.now, self._pending
        end = now() + min(budget, self._first_delivery - now() if number == 0 else math.inf)
        longest = _LONGEST_TURNS[min(number, len(_LONGEST_TURNS) - 1)]
        share = min(max((end - now()) / len(active), _LEAST_TURN_SECONDS), longest)
        most_bytes = max((MAX_PENDING_BYTES - pending.size) // len(active), _LEAST_TURN_BYTES)
        for file in active:
            start = now()
            if start >= end:
                break
            if file.not_before > start:
                continue
            turn_ends, full_at = min(start + share, end), pending.size + most_bytes
            try:
                file.take_turn(lambda: now() >= turn_ends or pending.size > full_at, turn_ends - start)  # noqa: B023 (called in this turn only)
            except Exception as error:  # noqa: BLE001 (a bug in one file must not stop the next)
                file.done = True
                self._on_failure(file, error)
            if pending.full:
                self._deliver()
