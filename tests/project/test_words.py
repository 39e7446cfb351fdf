"""The documentation, and what the code says, use the words of the field."""

import io
import re
import tokenize
from collections.abc import Iterator
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


_ROOT = Path(__file__).parents[2]
_FOLDERS = ("src", "tests", "bench", "e2e")
_MODULES = sorted(str(path.relative_to(_ROOT)) for folder in _FOLDERS for path in (_ROOT / folder).rglob("*.py"))
_MODULES.remove("tests/project/test_words.py")  # it names them all
# Words that are right where they stand, and why.
_ALLOWED: dict[str, set[str]] = {
    "src/cloudtrail_to_slack_cli/backtest/tar_archives.py": {"tell"},  # the method of files
}


def _words(source: str) -> Iterator[str]:
    """Yield the strings and comments of a module, and its names with spaces for underscores."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            yield token.string.replace("_", " ")
        elif tokenize.tok_name[token.type] in ("COMMENT", "STRING", "FSTRING_MIDDLE"):  # the last from Python 3.12 on
            yield token.string


@pytest.mark.parametrize("module", _MODULES)
def test_code_uses_plain_words(module: str) -> None:
    """No string, comment or name, and so no message, has a word of the private vocabulary."""
    found = {word.lower() for text in _words((_ROOT / module).read_text()) for word in _PRIVATE_WORDS.findall(text)}
    assert found <= _ALLOWED.get(module, set())


@pytest.mark.parametrize("path", PAGES)
def test_pages_use_plain_words(path: str) -> None:
    """No page has a word of the private vocabulary, except where code has that name."""
    assert _PRIVATE_WORDS.findall(prose(page(path))) == []


def test_private_words_are_found() -> None:
    """They are found in prose, in capitals too, and not in code or in parts of words."""
    text = "Nobody is told of `told`.\n```sh\necho told\n```\nA foretold log\nobject, and [it](told.md)."
    assert _PRIVATE_WORDS.findall(prose(text)) == ["Nobody", "told", "log object"]
