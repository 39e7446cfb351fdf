"""What an invocation logs, as far as the checker goes by it."""

import io
import json
import re

from simulation.recorder import Invocation
from simulation.runner import Runner

_CLOSING = '"invocation finished"'
_OF_FILES = ('"unreadable"', '"unfinished"')
_UNDELIVERED = '"undelivered"'
_ALERT_OF = re.compile(r"the alert of event ([0-9a-f-]{36})")


class Log(io.StringIO):
    """Standard output while a history runs: most of it is ignored."""

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self._runner = runner

    def write(self, text: str) -> int:
        """Read a line."""
        invocation = self._runner.invocation
        if invocation:
            _read(invocation, text)
        return len(text)


def _read(invocation: Invocation, text: str) -> None:
    if _CLOSING in text:
        invocation.closing = json.loads(text)
    elif _UNDELIVERED in text:
        found = _ALERT_OF.search(text)
        if found:
            invocation.undelivered.add(found[1])
    elif any(words in text for words in _OF_FILES):
        line = json.loads(text)
        invocation.reasons.setdefault(line["object"], []).append(line["reason"])
