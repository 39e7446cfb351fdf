"""The progress of a backtest."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

import click

from cloudtrail_to_slack_cli.backtest.evaluation import Part
from cloudtrail_to_slack_cli.backtest.plan import Plan
from cloudtrail_to_slack_cli.terminal import columns

_SECONDS = 0.2
_WIDTH = 78
# What a file takes besides its bytes, as a number of bytes that take as long.
_BYTES_PER_FILE = 16 * 1024
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
_AGAIN_SECONDS = 1
_MINUTE, _HOUR = 60, 3600


class Progress:
    """A line on the terminal: files, the rate, and the time that is left. `clock` counts seconds."""

    def __init__(self, plan: Plan, *, is_shown: bool, clock: Callable[[], float] = monotonic) -> None:
        self._plan = plan
        self._is_shown = is_shown
        self._clock = clock
        self._width = min(_WIDTH, columns(sys.stderr) - 1)  # a line that wraps could not be taken away
        self._begin = self._last = clock()
        self._is_open = False
        self._records = self._files = self._work = 0
        self._done_before = 0
        self._all_work = plan.size + _BYTES_PER_FILE * plan.files

    def add(self, part: Part) -> None:
        """Count what is done, and show it a few times a second. What an earlier run did says nothing of speed."""
        counts, size = part.totals.counts, sum(max(file.size, 0) for file in part.files)
        work = size + _BYTES_PER_FILE * counts["files"]
        self._work += work
        self._files += counts["files"]
        if part.is_resumed:
            self._done_before += work
        else:
            self._records += counts["records"]
        now = self._clock()
        if self._is_shown and now - self._last >= _SECONDS:
            self._last, self._is_open = now, True
            click.echo(f"\r{self.text(now - self._begin)[: self._width].ljust(self._width)}", err=True, nl=False)

    def text(self, seconds: float) -> str:
        """Return how far it is after `seconds`."""
        rate = self._records / max(seconds, 0.001)
        text = f"{self._files:,} of {self._plan.files:,} files, {rate:,.0f} records a second"
        done = self._work - self._done_before
        if done > 0:
            text += f", {duration((self._all_work - self._work) / done * seconds)} left"
        return text

    def close(self) -> None:
        """Take the line away."""
        if self._is_open:
            click.echo(f"\r{' ' * self._width}\r", err=True, nl=False)
            self._is_open = False


@contextmanager
def interruptible(plan: Plan, done: Mapping[str, int], state: str | None) -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, and say how to go on. `done["files"]` files are done."""
    interruption = _Interruption()
    signals = _INTERRUPTIONS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, interruption) for number in signals}
    try:
        yield
    except BaseException as error:
        # Python turns an interruption of some imports into another error, and that of a process into a broken pool.
        if not isinstance(error, KeyboardInterrupt) and not (
            isinstance(error, Exception) and interruption.came is not None
        ):
            raise
        how = "the same command goes on from there" if state else "with --state DIR a run can go on where it was"
        click.echo(f"interrupted after {done['files']:,} of {plan.files:,} files: {how}", err=True)
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Interruption:
    """Handles signals: another one within a second, as by an impatient Ctrl-C, does not cut off the cleaning up."""

    def __init__(self) -> None:
        self.came: float | None = None

    def __call__(self, _signal: int, _frame: object) -> None:
        now = monotonic()
        if self.came is None or now - self.came > _AGAIN_SECONDS:
            self.came = now
            raise KeyboardInterrupt


def duration(seconds: float) -> str:
    """Return a duration as people write it."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
