"""Text of strangers made safe for Slack."""

import html
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.text import escape, json_length, utf16_length, visible
from cloudtrail_to_slack.destinations.slack.render.text import (
    CUT_MARK,
    code,
    code_block,
    cut,
    plain,
    word,
)
from support.slack_limits import units
from support.slack_markup import assert_escaped, assert_harmless, assert_visible
from support.strategies import HOSTILE_FRAGMENTS, hostile_text

LIMITS = st.integers(min_value=4, max_value=400)


def in_json(text: str) -> int:
    """How many UTF-16 units `text` takes inside a JSON document."""
    return units(json.dumps(text, ensure_ascii=False)) - 2


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("abc", 3), ("ß字", 2), ("\U0001f600", 2), ("a\U0001f600\uffff", 4)]
)
def test_utf16_length(text: str, length: int) -> None:
    """A character beyond the basic plane counts twice."""
    assert utf16_length(text) == length == units(text)


@settings(deadline=None)
@given(text=hostile_text(2000))
def test_json_length(text: str) -> None:
    """The length inside JSON counts each escape in full."""
    assert json_length(text) == in_json(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("über 字 😀", "über 字 😀"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x00\x1b[31m\x7f", "a\\u0000\\u001b[31m\\u007f"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\nb\tc\rd", "a\\u000ab\\u0009c\\u000dd"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041", "\\U000e0041"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301" * 2),
        ("\u0e01\u0e35\u0e48", "\u0e01\u0e35\u0e48"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    """Characters that show nothing or turn text around are shown as what they are; all others stay."""
    assert visible(text) == shown


def test_visible_lines() -> None:
    """Line breaks may be kept, a carriage return before one is dropped."""
    assert visible("a\r\nb\nc\rd", keep_lines=True) == "a\nb\nc\\u000dd"


@settings(deadline=None, max_examples=100)
@given(text=hostile_text(2000))
def test_visible_is_visible(text: str) -> None:
    """Nothing hidden is left, and what is shown is left alone when it is shown again."""
    assert_visible(visible(text))
    assert visible(visible(text)) == visible(text)


@settings(deadline=None)
@given(text=hostile_text(2000))
def test_escape_can_be_reversed(text: str) -> None:
    """Escaping leaves nothing that Slack would act on and loses nothing."""
    assert_escaped(escape(text))
    assert escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("&&&", 15, "&amp;&amp;&amp;"),
        ("&&&", 14, "&amp;&amp;…"),
        ('""""', 6, '""…'),
        ("😀😀", 4, "😀😀"),
        ("😀😀😀", 5, "😀😀…"),
    ],
)
def test_cut(text: str, limit: int, shown: str) -> None:
    """As much is shown as the limit takes, counted as it stands in JSON, and what is cut says so."""
    assert cut(text, limit, escape) == shown


@settings(deadline=None, max_examples=150)
@given(text=hostile_text(), limit=LIMITS)
def test_plain(text: str, limit: int) -> None:
    """A plain text is one escaped, visible line within its limit, cut between entities."""
    shown = plain(text, limit)
    assert in_json(shown) <= limit
    assert "\n" not in shown
    assert "`" not in shown
    assert_escaped(shown)
    assert_visible(shown)


@settings(deadline=None, max_examples=150)
@given(text=hostile_text(), limit=LIMITS)
def test_code(text: str, limit: int) -> None:
    """Inline code begins and ends with the only backticks in it, is never empty and keeps its limit."""
    shown = code(text, limit)
    assert re.fullmatch(r"`[^`\n]+`", shown)
    assert in_json(shown) <= max(limit, len("`(empty)`"))
    assert_harmless(shown)


@settings(deadline=None, max_examples=150)
@given(text=hostile_text(), limit=LIMITS)
def test_word(text: str, limit: int) -> None:
    """A word is bold or code, harmless and within its limit."""
    shown = word(text, limit)
    assert shown.startswith(("*", "`"))
    assert in_json(shown) <= max(limit, len("`(empty)`"))
    assert_harmless(shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("StopLogging", "*StopLogging*"),
        ("UpdateFunctionCode20150331v2", "*UpdateFunctionCode20150331v2*"),
        ("Stop Logging", "`Stop Logging`"),
        ("*Stop*", "`*Stop*`"),
        (":tada:", "`:tada:`"),
        ("x" * 101, f"`{'x' * 99}…`"),
        ("", "`(empty)`"),
    ],
)
def test_words(text: str, shown: str) -> None:
    """Only what is plainly a word is bold, anything else is code."""
    assert word(text) == shown


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_nothing_is_shown_as_nothing(text: str) -> None:
    """A blank text is shown as empty, for two backticks show as two backticks."""
    assert code(text, 50) == "`(empty)`"
    assert plain(text, 50) == ""


@pytest.mark.parametrize("fragment", HOSTILE_FRAGMENTS)
def test_short_text_is_shown_whole(fragment: str) -> None:
    """What fits is shown from end to end, only its backticks and hidden characters replaced."""
    text = f"a{fragment}z"
    shown = html.unescape(code(text, 200)[1:-1])
    assert shown == visible(text).replace("`", "\u02cb")


@settings(deadline=None, max_examples=150)
@given(text=hostile_text(8000), limit=st.integers(min_value=60, max_value=3000))
def test_code_block(text: str, limit: int) -> None:
    """A code block keeps its limit, holds no fence but its own, and says when and how much of it is cut."""
    shown = code_block(text, lambda block: in_json(block) <= limit)
    if not shown:
        return
    assert in_json(shown) <= limit
    assert_harmless(shown)
    inside = re.fullmatch(rf"```([^`]+)```(?:\n_{CUT_MARK} cut: the first ([\d,]+) of ([\d,]+) characters_)?", shown)
    assert inside
    if inside[2] is None:
        assert html.unescape(inside[1]) == visible(text, keep_lines=True).replace("`", "\u02cb")
    else:
        first, whole = (int(number.replace(",", "")) for number in inside.groups()[1:])
        assert 0 < first < whole == len(text)


def test_code_block_as_long_as_fits() -> None:
    """A block that is cut is the longest that fits."""
    shown = code_block("x" * 5000, lambda block: len(block) <= 1000)
    assert len(shown) == 1000
    assert shown.endswith("```\n_… cut: the first 951 of 5,000 characters_")


def test_code_block_of_hidden_characters() -> None:
    """What is cut counts characters of the text itself, though each hidden one takes six to show."""
    shown = code_block("\x00" * 600, lambda block: len(block) <= 1000)
    first = int(re.findall(r"the first ([\d,]+) of 600", shown)[0].replace(",", ""))
    assert first < 600


def test_code_block_where_nothing_fits() -> None:
    """Where not even one character fits there is no block, nor is there one of nothing."""
    assert code_block("x", lambda _: False) == ""
    assert code_block("", lambda _: True) == ""


def test_code_block_keeps_lines() -> None:
    """A block keeps the lines of a document."""
    assert code_block("{\n  1\n}", lambda _: True) == "```{\n  1\n}```"
