"""Ending early without leaving anything behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FIRST_EXIT_CODE = 128  # what shells add to the number of the signal that ended a command


class Interruption(BaseException):
    """The user wants the demo to end; no `except Exception` on the way keeps it from doing so."""

    def __init__(self, number: int) -> None:
        self.exit_code = _FIRST_EXIT_CODE + number


def raise_when_interrupted() -> None:
    """From now on, raise `Interruption` where the program stands when it is asked to end."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold an interruption back for a moment, between making a thing and remembering to remove it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)  # cleaning up takes a moment; a second Ctrl-C must not cut it short
    raise Interruption(number)
