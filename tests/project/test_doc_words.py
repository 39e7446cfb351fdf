"""The documentation uses the words of the field."""

import re

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


@pytest.mark.parametrize("path", PAGES)
def test_pages_use_plain_words(path: str) -> None:
    """No page has a word of the private vocabulary, except where code has that name."""
    assert _PRIVATE_WORDS.findall(prose(page(path))) == []


def test_private_words_are_found() -> None:
    """They are found in prose, in capitals too, and not in code or in parts of words."""
    text = "Nobody is told of `told`.\n```sh\necho told\n```\nA foretold log\nobject, and [it](told.md)."
    assert _PRIVATE_WORDS.findall(prose(text)) == ["Nobody", "told", "log object"]
