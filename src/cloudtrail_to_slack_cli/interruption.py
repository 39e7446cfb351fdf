"""Ctrl-C while modules are imported: there Python can turn it into another error, so the process ends at once."""

import os
import signal

from cloudtrail_to_slack_cli.errors import EXIT_INTERRUPTED


def end_on_interruption() -> None:
    """Let Ctrl-C end the process without a word, unless it is ignored, as for a command in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_on_interruption() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_signal: int, _frame: object) -> None:
    os._exit(EXIT_INTERRUPTED)
