"""The documentation, and what the code says, use the words of the field."""

import ast
import re
from pathlib import Path

import pytest

from support.pages import PAGES, page, prose

# What the field has other words for: these came from a private vocabulary, and would come back unnoticed.
_PRIVATE_WORDS = re.compile(
    r"""\b(?:
        told | tell | tells | telling | mend | mends | mended | heeded | undone | how-manieth
        | hears?\ of | heard\ of | stand-ins? | stands?\ in\ between | stands\ in\ for
        | nobody | somebody | anybody | everybody | whoever
        | log\ objects? | ledger | parcels? | verdicts? | rhythms? | announcements? | opening\ messages?
        | here\ by\ default | taken\ to\ hold | goes\ its\ way
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


_SOURCE = Path(__file__).parents[2] / "src" / "cloudtrail_to_slack"
# The packages whose strings and docstrings are held to it; the others are to follow.
_PACKAGES = ("alerts", "auto_restart", "delivery", "destinations", "log_sources", "notices", "state")
_MODULES = sorted(
    str(path.relative_to(_SOURCE))
    for path in _SOURCE.rglob("*.py")
    if path.relative_to(_SOURCE).parts[0] in {*_PACKAGES, "app.py", "clock.py", "errors.py", "handler.py", "retry.py"}
)


@pytest.mark.parametrize("module", _MODULES)
def test_code_uses_plain_words(module: str) -> None:
    """No string and no docstring, and so no message, has a word of the private vocabulary."""
    tree = ast.parse((_SOURCE / module).read_text())
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [found for text in strings for found in _PRIVATE_WORDS.findall(text)] == []


@pytest.mark.parametrize("path", PAGES)
def test_pages_use_plain_words(path: str) -> None:
    """No page has a word of the private vocabulary, except where code has that name."""
    assert _PRIVATE_WORDS.findall(prose(page(path))) == []


def test_private_words_are_found() -> None:
    """They are found in prose, in capitals too, and not in code or in parts of words."""
    text = "Nobody is told of `told`.\n```sh\necho told\n```\nA foretold log\nobject, and [it](told.md)."
    assert _PRIVATE_WORDS.findall(prose(text)) == ["Nobody", "told", "log object"]
