"""Logs, as JSON lines.

Above DEBUG, no content of events is logged, only counts and IDs. Libraries that log requests, and with them a
webhook's address, are silenced at any level.
"""

import logging
import re
import sys
import traceback
from pathlib import Path

from aws_lambda_powertools import Logger

_PACKAGES = Path(__file__).parents[2]
_MOST_FRAMES = 20
_MOST_CAUSES = 3
# These libraries log requests below these levels.
_LIBRARIES = {
    **dict.fromkeys(("urllib3", "slack_sdk", "requests"), logging.CRITICAL + 1),
    **dict.fromkeys(("botocore", "boto3"), logging.WARNING),
}
_logged_errors: set[tuple[str, ...]] = set()


class _Stdout(logging.Handler):
    """Writes to whatever standard output is at the time, which Lambda reads."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        sys.stdout.write(f"{self.format(record)}\n")


logger = Logger(service="cloudtrail-to-slack", level="INFO", logger_handler=_Stdout(), utc=True)


def set_log_level(level: str) -> None:
    """Log at `level`, and silence libraries that log requests; our own errors say what matters."""
    logger.setLevel(level)
    for library, least in _LIBRARIES.items():
        logging.getLogger(library).setLevel(least)


def begin_invocation(request_id: str | None) -> None:
    """Add the request's ID to every line from now on."""
    logger.append_keys(request_id=request_id)
    _logged_errors.clear()


def log_unexpected(doing: str, error: BaseException) -> None:
    """Log an unexpected exception, a bug of this package, once per kind and invocation.

    The frames of its traceback are logged, outermost first. Messages of exceptions are not, because they may contain an
    event's content or a secret.
    """
    causes = [error]
    while len(causes) <= _MOST_CAUSES and (cause := _cause(causes[-1])):
        causes.append(cause)
    frames = [
        f"{_short_path(frame.filename)}:{frame.lineno} in {frame.name}"
        for cause in reversed(causes)
        for frame in traceback.extract_tb(cause.__traceback__, limit=-_MOST_FRAMES)
    ]
    names = [type(cause).__name__ for cause in causes]
    kind = (doing, *names, *frames[-1:])
    if kind not in _logged_errors:
        _logged_errors.add(kind)
        logger.error("unexpected error", extra={"while": doing, "error": " from ".join(names), "frames": frames})


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _short_path(filename: str) -> str:
    """Return a path relative to the folder of this package; for other packages, its last two parts."""
    path = Path(filename)
    return str(path.relative_to(_PACKAGES) if path.is_relative_to(_PACKAGES) else Path(*path.parts[-2:]))


def id_to_log(event_id: str) -> str:
    """Return an event's ID for logs and errors, cut, and with unusual characters replaced."""
    return re.sub(r"[^0-9A-Za-z-]", "?", event_id[:64])
