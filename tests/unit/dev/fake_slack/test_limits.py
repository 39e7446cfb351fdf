"""Slack's limits on content."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack_dev.fake_slack import violation
from cloudtrail_to_slack_dev.fake_slack.limits import blocks_length, find_violation

Block = dict[str, Any]
DIVIDER: Block = {"type": "divider"}


def plain(text: str) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Block:
    """A section with a text."""
    return {"type": "section", "text": mrkdwn(text), **more}


def fields(texts: Iterable[str]) -> Block:
    """A section with fields."""
    return {"type": "section", "fields": [mrkdwn(text) for text in texts]}


def context(*elements: Block) -> Block:
    """A context block."""
    return {"type": "context", "elements": list(elements)}


def actions(*elements: Block) -> Block:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


def button(label: str = "x", **more: Any) -> Block:
    """A button."""
    return {"type": "button", "text": plain(label), **more}


def header(text: str) -> Block:
    """A header."""
    return {"type": "header", "text": plain(text)}


IMAGE: Block = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
RICH: Block = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}]}],
}

TAKEN = {
    "section text of 3,000": [section("x" * 3000)],
    "ten fields of 1,000": [fields(["x" * 1000] * 10)],
    "field of 2,000": [fields(["x" * 2000])],
    "header of 150": [header("x" * 150)],
    "ten context elements": [context(*[mrkdwn("x")] * 9, IMAGE)],
    "25 buttons": [actions(*[button()] * 25)],
    "button text of 75": [actions(button("x" * 75))],
    "button value of 2,000": [actions(button(value="x" * 2000))],
    "button url of 3,000": [actions(button(url="https://example.com/".ljust(3000, "x")))],
    "styled button": [actions(button(style="danger", action_id="x" * 255))],
    "block_id of 255": [section(block_id="x" * 255)],
    "50 blocks": [DIVIDER] * 50,
    "verbatim mrkdwn": [context({**mrkdwn("x"), "verbatim": True})],
    "plain_text with emoji": [context({**plain(":x:"), "emoji": False})],
    "accessories": [section(accessory=button()), section(accessory=IMAGE)],
    "titled image": [{**IMAGE, "title": plain("x")}],
    "rich text": [RICH],
    "markdown": [{"type": "markdown", "text": "x" * 12_000}],
}

REFUSED = {
    "section text of 3,001": [section("x" * 3001)],
    "section text of 2,999 and an emoji": [section("x" * 2999 + "😀")],
    "empty section text": [section("")],
    "section without text or fields": [{"type": "section"}],
    "text that is a string": [{"type": "section", "text": "x"}],
    "text that is a number": [{"type": "section", "text": {"type": "mrkdwn", "text": 1}}],
    "eleven fields": [fields(["x"] * 11)],
    "no fields": [fields([])],
    "field of 2,001": [fields(["x" * 2001])],
    "empty field": [fields([""])],
    "header of 151": [header("x" * 151)],
    "header in mrkdwn": [{"type": "header", "text": mrkdwn("x")}],
    "header without text": [{"type": "header"}],
    "eleven context elements": [context(*[mrkdwn("x")] * 11)],
    "no context elements": [context()],
    "button in a context": [context(button())],
    "26 buttons": [actions(*[button()] * 26)],
    "button text of 76": [actions(button("x" * 76))],
    "button in mrkdwn": [actions({"type": "button", "text": mrkdwn("x")})],
    "button value of 2,001": [actions(button(value="x" * 2001))],
    "button url of 3,001": [actions(button(url="https://example.com/".ljust(3001, "x")))],
    "button url without scheme": [actions(button(url="example.com/path"))],
    "button of unknown style": [actions(button(style="warning"))],
    "action_id of 256": [actions(button(action_id="x" * 256))],
    "the same action_id twice": [actions(button(action_id="a"), button(action_id="a"))],
    "text among actions": [actions(mrkdwn("x"))],
    "block_id of 256": [section(block_id="x" * 256)],
    "the same block_id twice": [section(block_id="a"), {**DIVIDER, "block_id": "a"}],
    "51 blocks": [DIVIDER] * 51,
    "unknown type": [{"type": "marquee"}],
    "type that is a list": [{"type": []}],
    "no type": [{}],
    "unknown key": [section(color="red")],
    "emoji on mrkdwn": [context({**mrkdwn("x"), "emoji": True})],
    "verbatim on plain_text": [context({**plain("x"), "verbatim": True})],
    "verbatim that is a string": [context({**mrkdwn("x"), "verbatim": "true"})],
    "elements that are no list": [{"type": "context", "elements": mrkdwn("x")}],
    "unknown accessory": [section(accessory={"type": "video"})],
    "image without alt_text": [{"type": "image", "image_url": "https://example.com/a.png"}],
    "unknown rich text": [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
    "rich text without elements": [{"type": "rich_text", "elements": [{"type": "rich_text_section"}]}],
    "markdown of 12,001": [{"type": "markdown", "text": "x" * 12_001}],
}


@pytest.mark.parametrize("blocks", TAKEN.values(), ids=TAKEN)
def test_what_slack_takes(blocks: list[Block]) -> None:
    """Content up to each limit is taken."""
    assert find_violation({"blocks": blocks}) is None


@pytest.mark.parametrize("blocks", REFUSED.values(), ids=REFUSED)
def test_what_slack_refuses(blocks: list[Block]) -> None:
    """Content beyond a limit, or of another shape, is invalid_blocks."""
    assert violation({"text": "x", "blocks": blocks}) == "invalid_blocks"


@pytest.mark.parametrize("blocks", ["[", "x", {}, ["x"], [None], 1])
def test_blocks_that_are_no_list_of_objects(blocks: object) -> None:
    """Blocks that are not a list of objects are invalid_blocks_format."""
    assert violation({"text": "x", "blocks": blocks}) == "invalid_blocks_format"


@pytest.mark.parametrize("payload", [{}, {"text": ""}, {"text": None, "blocks": []}, {"text": "", "blocks": None}])
def test_a_message_without_content(payload: dict[str, Any]) -> None:
    """Without text and blocks there is no_text."""
    assert violation(payload) == "no_text"


def test_text_alone_is_content() -> None:
    """A text needs no blocks, an attachment neither, and keys the fake does not know do not matter."""
    assert violation({"text": "x", "metadata": {"event_type": "x"}, "unfurl_links": False}) is None
    assert violation({"attachments": [{"text": "x"}]}) is None


def test_text_of_another_type() -> None:
    """A text that is not a string is invalid_arguments."""
    assert violation({"text": 1}) == "invalid_arguments"


def test_a_text_is_too_long_only_where_it_is_not_cut() -> None:
    """The text's length matters only when a longest one is given; an emoji counts as two."""
    assert violation({"text": "x" * 50_000}) is None
    assert violation({"text": "x" * 4000}, longest_text=4000) is None
    assert violation({"text": "x" * 3999 + "😀"}, longest_text=4000) == "msg_too_long"


def test_blocks_of_13_200_characters() -> None:
    """Blocks of 13,200 characters with their containers are taken, one more is msg_blocks_too_long."""
    blocks = [section("x" * 2500) for _ in range(5)]
    blocks.append(section("x" * (13_200 - blocks_length([*blocks, section("")]))))
    assert blocks_length(blocks) == 13_200
    assert violation({"blocks": blocks}) is None
    blocks[0] = section("x" * 2501)
    assert violation({"blocks": blocks}) == "msg_blocks_too_long"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "fields", "accessory", "url", "image_url", "alt_text", "style"]
            )
            | st.text(max_size=3),
            inner | st.sampled_from(["section", "context", "header", "actions", "mrkdwn", "plain_text", "rich_text"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(payload=st.fixed_dictionaries({"text": JSON, "blocks": JSON | st.lists(JSON, max_size=3)}))
def test_any_json_has_an_answer(payload: dict[str, Any]) -> None:
    """No JSON makes the check itself fail."""
    assert violation(payload) in {
        None,
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "no_text",
    }
