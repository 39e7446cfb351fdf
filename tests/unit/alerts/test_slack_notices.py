"""What Slack shows besides alerts."""

import html
import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.notice import Notice, Section, removed_object_notice, unreadable_notice
from cloudtrail_to_slack.alerts.text import Value
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message, plain_message
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, with_thread_count
from cloudtrail_to_slack.destinations.slack.render.notice import bare_notice, notice_message, plain_notice
from cloudtrail_to_slack.ingest.payloads import LogFile, RemovedObject
from cloudtrail_to_slack_dev.fake_slack import violation
from support.samples import ACCOUNT, KEY, LOG_FILE, alert
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped, assert_visible
from support.strategies import hostile_text, object_keys

REMOVED = RemovedObject(LOG_FILE, "2026-03-14T09:24:17.123Z", "AWS:AIDAX", "203.0.113.7", "ObjectRemoved:Delete")
LAST = datetime(2026, 3, 14, 9, 24, 17, tzinfo=UTC)


def shown(message: SlackMessage) -> str:
    """All texts of a message, checked, as people see them."""
    assert_good(message)
    return html.unescape("\n".join(texts_of(message.blocks)))


def assert_good(message: SlackMessage) -> None:
    """Assert that Slack takes the message, and that nothing in it does anything."""
    assert_within_limits(message.text, message.blocks)
    assert violation({"text": message.text, "blocks": message.blocks}, longest_text=4000) is None
    assert_all_harmless(texts_of(message.blocks))
    assert_escaped(message.text)
    assert_visible(message.text)


def test_removed_object() -> None:
    """A removal shows who removed which object, from where, how and when, in Slack and as text."""
    notice = removed_object_notice(REMOVED, ACCOUNT)
    found = shown(notice_message(notice))
    for part in (
        LOG_FILE.url,
        "*Who*\n`AWS:AIDAX`",
        "*From*\nIP `203.0.113.7`",
        "*How*\n`ObjectRemoved:Delete`",
        "*When*\n2026-03-14 09:24:17 UTC",
        "`account 111122223333`",
        "|:page_facing_up: Where it was>",
    ):
        assert part in found
    assert (notice.account, notice.source_file) == (ACCOUNT, LOG_FILE.url)
    for part in ("AWS:AIDAX", "203.0.113.7", LOG_FILE.url, "ObjectRemoved:Delete", "2026-03-14T09:24:17.123Z"):
        assert part in notice.text


def test_removed_object_of_which_little_is_known() -> None:
    """A removal of which nothing more is known says what is unknown."""
    removed = RemovedObject(LogFile("trail-bucket", KEY), None, None, None, "Object Deleted")
    notice = removed_object_notice(removed, None)
    found = shown(notice_message(notice))
    assert "*Who*\n`unknown`" in found
    assert "*When*\nunknown" in found
    assert "`account unknown`" in found
    assert "Where it was" not in found
    assert notice.title == "an unknown caller removed an object from the log bucket"


def test_unreadable() -> None:
    """An object that could not be read is shown with the reason, and what that means."""
    notice = unreadable_notice(LOG_FILE, "it is truncated", ACCOUNT)
    found = shown(notice_message(notice))
    for part in ("could not be read", "it is truncated", LOG_FILE.url, "No rules were evaluated", "Log file>"):
        assert part in found
    assert all(
        part in notice.text
        for part in ("it is truncated", "No rules were evaluated on the part that could not be read.")
    )
    assert (notice.account, notice.source_file) == (ACCOUNT, LOG_FILE.url)


def test_thread_count() -> None:
    """A thread's parent message shows how many alerts there are by now and when the last came, after its headline."""
    opening = alert_message(alert())
    counted = with_thread_count(opening, 1234, LAST)
    found = shown(counted)
    assert ":thread: *1,234 alerts like this so far*, the last at 2026-03-14 09:24:17 UTC · <!date^1773480257^" in found
    assert [counted.blocks[0], *counted.blocks[2:]] == opening.blocks
    assert counted.text == opening.text


def test_thread_count_without_a_time() -> None:
    """Where the last alert had no time, only the count is shown."""
    assert shown(with_thread_count(alert_message(alert()), 2, None)).count("2 alerts like this so far*\n") == 1


@settings(deadline=None, max_examples=60)
@given(error_message=hostile_text(), parameters=hostile_text(20_000), bare=st.booleans())
def test_thread_count_fits_any_opening(error_message: str, parameters: str, *, bare: bool) -> None:
    """There is room for the count in any parent message, the short one included, whose text then becomes a block."""
    opened = alert(errorMessage=error_message, errorCode=error_message, requestParameters=parameters)
    opening = plain_message(opened) if bare else alert_message(opened)
    counted = with_thread_count(opening, 10**9, LAST)
    assert_within_limits(counted.text, counted.blocks)
    assert_all_harmless(texts_of(counted.blocks))


def notices_texts() -> st.SearchStrategy[str]:
    """Short and endless texts."""
    return hostile_text(5000)


@settings(deadline=None, max_examples=100)
@given(
    key=object_keys(), bucket=hostile_text(100), text=notices_texts(), other=notices_texts(),
    time=st.one_of(st.none(), hostile_text(100)), account=st.one_of(st.none(), st.just(ACCOUNT)),
)  # fmt: skip
def test_any_notice(key: str, bucket: str, text: str, other: str, time: str | None, account: str | None) -> None:
    """Whatever the name of an object and of the one who removed it, the notices keep every limit and do nothing."""
    for log_file in (LogFile(bucket, key, "eu-west-1"), LogFile("trail-bucket", key)):
        removed = RemovedObject(log_file, time, text, other, other)
        assert_good(notice_message(removed_object_notice(removed, account)))
        assert_good(notice_message(unreadable_notice(log_file, text, account)))


@given(hostile_text(), hostile_text())
def test_a_notice_without_blocks_is_harmless(title: str, text: str) -> None:
    """Whatever a notice says, its form without blocks holds no markup, and fits into a message."""
    message = plain_notice(Notice(f"title {title}", (Section(((Value(text),),)),)))
    assert violation({"text": message.text}) is None
    assert_escaped(message.text)
    assert_visible(message.text)
    assert message.blocks == []
    bare = bare_notice(Notice(f"title {title}", (Section(((Value(text),),)),)))
    assert violation({"text": bare.text}, longest_text=4000) is None
    assert re.fullmatch(r"[A-Za-z0-9 _.,:/=()?-]+", bare.text)


def test_a_notice_without_blocks_keeps_to_its_limit() -> None:
    """A notice that is far too long for a message loses its end, in whole lines."""
    text = "\n".join(f"line {number} {'x' * 1000}" for number in range(100))
    message = plain_notice(Notice("title", (Section(((Value(text),),)),)))
    assert message.text.startswith("title\nline 0 ")
    assert len(message.text) <= 30_000
    assert all(line.endswith("x") for line in message.text.splitlines()[1:])


def test_the_plainest_notices_name_the_log_file() -> None:
    """A notice about a log file names it in every form."""
    notice = unreadable_notice(LOG_FILE, "it is truncated", ACCOUNT)
    for message in (notice_message(notice), plain_notice(notice), bare_notice(notice)):
        assert LOG_FILE.url in message.text
        assert "it is truncated" in message.text
