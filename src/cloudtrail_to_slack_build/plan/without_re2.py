"""What takes the place of google-re2 where that is not installed, as where Terraform checks rules. Pure.

`re` knows most of RE2's syntax. What it alone knows is refused as RE2 does; what RE2 alone knows is accepted unseen,
since the function checks every pattern again.
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser as sre_parse  # type: ignore[attr-defined]  # the only way to the parts of a pattern
else:
    import sre_parse

_LOOK_AROUND = frozenset({"ASSERT", "ASSERT_NOT"})
_BACK_REFERENCES = frozenset({"GROUPREF", "GROUPREF_EXISTS"})
error = NotImplementedError  # never raised: what RE2 would refuse is a ValueError
# What both refuse for the same reason.
_SAME = ("unterminated", "missing )", "unbalanced parenthesis", "nothing to repeat", "bad character range")


class Options:
    """The options of a pattern, of which none matters here."""


class Accepted:
    """A pattern as far as it is known here: its size is that of its text."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.programsize = len(pattern)

    def search(self, text: str) -> re.Match[str] | None:
        """Search with `re`."""
        return re.search(self._pattern, text)

    def match(self, text: str) -> re.Match[str] | None:
        """Match at the beginning with `re`."""
        return re.match(self._pattern, text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Match the whole with `re`."""
        return re.fullmatch(self._pattern, text)


def compile(pattern: str, _options: Options) -> Accepted:  # noqa: A001 (as in google-re2)
    """Check a pattern with `re`.

    Raises:
        ValueError: RE2 would refuse the pattern.
    """
    if r"\Q" in pattern:  # what follows is not syntax, which `re` does not know
        return Accepted(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `[[` warns of a change to come
            parts = sre_parse.parse(pattern)
    except re.error as mistake:
        if mistake.msg.startswith(_SAME):
            raise ValueError(f"is not an RE2 pattern ({mistake.msg})") from None
        return Accepted(pattern)
    except (RecursionError, OverflowError):
        raise ValueError("is not an RE2 pattern (it is nested too deeply)") from None
    used = _operations(parts)
    if used & _LOOK_AROUND:
        raise ValueError("is not an RE2 pattern; RE2 has no look-around: combine two tests with and, or and not")
    if used & _BACK_REFERENCES:
        raise ValueError("is not an RE2 pattern; RE2 has no back-references")
    return Accepted(pattern)


def _operations(parts: Any) -> set[str]:  # noqa: ANN401 (the parts of a pattern have no types)
    """Return the names of all operations in a pattern."""
    found: set[str] = set()
    waiting = [parts]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple) and part and hasattr(part[0], "name"):
            found.add(part[0].name)
        if isinstance(part, (tuple, list, sre_parse.SubPattern)):
            waiting.extend(part)
    return found
