"""Share an invocation's time and memory among its log files, so that a slow file does not delay the others' alerts.

Files take turns, and after each round what matched is delivered: docs/time.md says how.
"""

import math
from collections.abc import Callable, Sequence

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.evaluation.file_evaluation import LogFileEvaluation
from cloudtrail_to_slack.evaluation.records import MAX_PENDING_BYTES, PendingAlerts

_FIRST_ROUND_SHARE = 0.5  # of the invocation's time, before anything is delivered
_DELIVERY_SHARE = 0.2  # of the invocation's time, kept to deliver what matched last
_MOST_DELIVERY_SECONDS = 30.0
_LONGEST_TURNS = (5.0, 20.0, math.inf)  # seconds, by round: alerts must not wait for the slowest file
_LEAST_TURN_SECONDS = 0.2
_LEAST_TURN_BYTES = 512 * 1024
_MOST_OPEN = 10  # files that are begun and not done: each holds a connection and a buffer


class Turns:
    """Lets log files take turns. `deliver` delivers what is pending; `failed` is called for a file that raises."""

    def __init__(
        self,
        clock: Clock,
        pending: PendingAlerts,
        deliver: Callable[[], None],
        failed: Callable[[LogFileEvaluation, Exception], None],
    ) -> None:
        self._clock = clock
        self._pending = pending
        self._deliver = deliver
        self._failed = failed
        total = clock.spare()
        self._reserve = min(total * _DELIVERY_SHARE, _MOST_DELIVERY_SECONDS)
        self._first_delivery = clock.now() + total * _FIRST_ROUND_SHARE
        self._until = math.inf

    def left(self) -> float:
        """Return how many seconds there are in the current share, but for what it takes to deliver what is pending."""
        return min(self._clock.spare() - self._reserve, self._until - self._clock.now())

    def share(self, parts: int) -> None:
        """Let whatever comes next have one of so many equal parts of the time that is left; 1: all of it."""
        self._until = math.inf
        self._until = self._clock.now() + self.left() / parts

    def evaluate(self, files: Sequence[LogFileEvaluation]) -> None:
        """Evaluate the files as far as there is time. What matched last may still be pending afterwards."""
        active, number = list(files), 0
        while active and (budget := self._budget()) > 0:
            # Where S3 may not be asked yet, and nothing else is left to do, wait if there is time for it.
            seconds = min(file.not_before for file in active) - self._clock.now()
            if seconds > 0 and not (seconds < budget and self._clock.wait(seconds)):
                break
            self._round(active, number, budget)
            # Those that had the least come first; what is open beyond measure is given up.
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
        """Return how many seconds may pass until the next delivery, delivering now if it is time."""
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
                self._failed(file, error)
            if pending.full:
                self._deliver()
