"""Lines and notices in no destination's format, and how they fit into a message."""

from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.notice import Notice, Section, fits
from cloudtrail_to_slack.alerts.text import Icon, Line, Link, Time, Value, joined, line_length, plain_line
from cloudtrail_to_slack.destinations.slack.render.message import mrkdwn_line
from cloudtrail_to_slack.destinations.slack.render.notice import notice_message
from cloudtrail_to_slack.destinations.slack.render.summary import notice_summary
from support.slack_limits import assert_within_limits, texts_of

_LINE: Line = (
    Icon.ERROR, " by ", Value("a<b"), " at ", Time(datetime(2026, 3, 14, tzinfo=UTC), "raw"),
    Link("https://example.com/?a=1&b=2", "here", Icon.SEARCH), " & more",
)  # fmt: skip


def test_a_line_without_formatting() -> None:
    """Values stand in full, times as they came, and links are left out."""
    assert plain_line(_LINE) == "error: by a<b at raw & more"
    assert plain_line((Icon.OK, " fine")) == "fine"
    assert plain_line((Time(None, ""),)) == "unknown"
    assert plain_line(joined([Value("a"), Value("b")])) == "a, b"


def test_a_line_in_slack() -> None:
    """Our own text is escaped and may be bold, a value is code, a link is one."""
    shown = mrkdwn_line(_LINE, bold=True)
    assert shown.startswith(":x: *by* `a&lt;b` *at* 2026-03-14 00:00:00 UTC · <!date^")
    assert shown.endswith("<https://example.com/?a=1&amp;b=2|:mag: here> *&amp; more*")


def test_the_length_of_a_line_is_never_too_small() -> None:
    """What a notice is measured by is at least what Slack's markup takes."""
    for line in (_LINE, (Value("`\u202e&" * 300, 150),), (Value(""),), (Value("x" * 900, 400), " \u2028 & <")):
        assert line_length(line) >= len(mrkdwn_line(line))


def test_sections_fit_or_do_not() -> None:
    """Sections fit while there is room for their characters and their parts."""
    small, large = Section(((Value("x"),),)), Section(((Value("x" * 3_000, 3_000),),))
    assert fits([large] * 3)
    assert not fits([large] * 4)
    assert not fits([large] * 3, reserved=3_000)
    assert not fits([small] * 41)


def test_a_notice_that_is_far_too_large_is_cut() -> None:
    """A notice that is larger than any that we make still keeps Slack's limits, and says that it is cut."""
    section = Section(((Value("x" * 2_000, 2_000),),), heading=("Head",), code=("y" * 1_000,))
    notice = Notice("title", (section,) * 30, brief=((Value("z" * 900),),) * 9, footnotes=(("the end",),))
    message = notice_message(notice)
    assert_within_limits(message.text, message.blocks)
    shown = list(texts_of(message.blocks))
    assert "cut for length" in shown[-2]
    assert shown[-1] == "the end"
    assert len(message.text) <= 3_000


def test_notices_without_a_group_can_be_summarized() -> None:
    """A notice of no group has its title for a line."""
    (part,) = notice_summary([Notice("one"), Notice("two")])
    assert "2 more notices" in part.message.text
    assert "one\ntwo" in part.fallback.text
