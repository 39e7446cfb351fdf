"""The output of commands: plain in a pipe, colored in a terminal, with untrusted text made safe."""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from cloudtrail_to_slack.alerts.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDTH_IN_A_PIPE = 100
_USUAL_WIDTH = 80


def console(stream: IO[str] | None = None) -> "Console":
    """Return a console for `stream`, by default standard output; plain if it is not a terminal or NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415 (not every output needs it)

    stream = stream or sys.stdout
    in_terminal = is_terminal(stream)
    plain = not in_terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")
    return Console(
        file=stream,
        width=shutil.get_terminal_size().columns if in_terminal else _WIDTH_IN_A_PIPE,
        force_terminal=not plain,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        legacy_windows=False,
    )


def is_terminal(stream: IO[str]) -> bool:
    """Whether a stream is a terminal."""
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def columns(stream: IO[str]) -> int:
    """Return how many characters fit into a line of a terminal; of any other stream, how many do by custom."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH


def safe(text: str) -> str:
    r"""Return a string in which control characters and their like are shown, as `\u001b`; line breaks stay."""
    return visible(text, keep_lines=True)


def in_one_line(text: str) -> str:
    """Return a text without line breaks, with one space where there was more; the rest is as `safe` shows it."""
    return safe(" ".join(text.split()))


def line(text: str, style: str = "") -> "Text":
    """Return a text to print in a style."""
    from rich.text import Text  # noqa: PLC0415 (as above)

    return Text(safe(text), style)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number and its noun: "1 rule", "1,000 rules"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def closest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a question after the known word that was probably meant, `otherwise` where none is close."""
    from cloudtrail_to_slack.rules.expressions.refusals import close_to  # noqa: PLC0415 (only for what is wrong)

    close = close_to(word, list(known), cutoff=0.6)
    return f"; did you mean {close}?" if close else otherwise


def annotation(level: str, message: str, **properties: object) -> None:
    """Print a command that makes GitHub Actions annotate a line; everything is escaped that ends a part of it.

    Source: GitHub's actions/toolkit, packages/core/src/command.ts (escapeData, escapeProperty).
    """
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    sys.stdout.write(f"::{level} {written}::{_escaped(message)}\n")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
