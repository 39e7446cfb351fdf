"""Notices about sources that fell silent, and about those that are back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.destinations.slack.render.notice import notice_message
from cloudtrail_to_slack.destinations.sns.render import MAX_BODY_BYTES, notice_to_sns
from cloudtrail_to_slack.log_sources.check import (
    SourceDown,
    SourceRecovered,
    source_down_notice,
    source_recovered_notice,
)
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource
from cloudtrail_to_slack_dev.fake_slack import violation
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped

_LAST = 1_773_480_600  # 2026-03-14 09:30 UTC
_HOUR = 3_600


def _quiet(account: str = "111122223333", region: str = "eu-west-1", longest: int = 1_200) -> SourceDown:
    return SourceDown(
        LogSource(account, region), DeliveryIntervals(_LAST - 10**6, _LAST, longest, 500), _LAST + 3 * _HOUR
    )


def _said(notice: Notice) -> str:
    return json.dumps(notice_message(notice).blocks, ensure_ascii=False)


def test_one_is_reported_with_what_is_known_of_it() -> None:
    """Who, since when, for how long, what was usual, and what to look at."""
    notice = source_down_notice([_quiet()], 1, 7)
    assert notice.title == "Missing log data: no more log files from 111122223333 eu-west-1"
    line = "the last one at 2026-03-14 09:30:00 UTC, 3 h ago; the longest gap so far was 20 min"
    assert f"`111122223333` `eu-west-1`: {line}" in _said(notice)
    assert line.replace("`", "") in notice.text
    assert line.replace("`", "") in notice_message(notice).text
    assert "1 of the 7 accounts and regions that are watched here are down now." in _said(notice)
    assert "aws cloudtrail get-trail-status" in _said(notice)
    assert notice.account == "111122223333"


def test_a_return_is_reported_with_how_long_it_took() -> None:
    """Who, since when, after how long."""
    notice = source_recovered_notice(
        [SourceRecovered(LogSource("111122223333", "eu-west-1"), _LAST - 40 * _HOUR, _LAST)]
    )
    assert notice.title == "Log files are arriving again from 111122223333 eu-west-1"
    assert "`111122223333` `eu-west-1`: at 2026-03-14 09:30:00 UTC, after a gap of 40 h" in _said(notice)


@pytest.mark.parametrize(("watched", "said"), [(2, "Nothing that is watched"), (3, "2 of the 3 accounts and regions")])
def test_it_says_whether_that_is_all(watched: int, said: str) -> None:
    """When everything is silent, that is said, for then there is one cause."""
    notice = source_down_notice([_quiet(), _quiet(region="us-east-1")], 2, watched)
    assert said in _said(notice)
    assert said in notice.text
    assert notice.title == "Missing log data: no more log files from 2 accounts and regions"


def test_the_only_one_is_not_counted() -> None:
    """Where one account and region is watched, nothing is said of how many there are."""
    assert "watched" not in _said(source_down_notice([_quiet()], 1, 1))


def test_two_accounts_have_no_account() -> None:
    """A notice about several accounts names none of them as its own."""
    assert source_down_notice([_quiet(), _quiet("444455556666")], 2, 2).account is None


def test_what_is_not_shown_is_counted() -> None:
    """Whatever is left out is said, accounts in the plural or not."""
    several = [_quiet(f"{111100000000 + number}") for number in range(43)]
    assert "… and 3 more, of 3 accounts" in _said(source_down_notice(several, 43, 50))
    assert "… and 1 more, of 1 account" in _said(source_down_notice(several[:41], 43, 50))
    assert "more, of" not in _said(source_down_notice(several[:40], 43, 50))


def test_the_same_gap_has_the_same_identity() -> None:
    """So that it is reported once; another, or its end, has another."""
    source = LogSource("111122223333", "eu-west-1")
    later = SourceDown(source, DeliveryIntervals(_LAST - 10**6, _LAST + 60, 1_200, 501), _LAST + 9 * _HOUR)
    same = SourceDown(source, _quiet().intervals, _LAST + 9 * _HOUR)
    first = source_down_notice([_quiet()], 1, 7).identity
    assert source_down_notice([same], 2, 9).identity == first
    others = [source_down_notice([later], 1, 7), source_recovered_notice([SourceRecovered(source, _LAST - 60, _LAST)])]
    assert len({first, *(notice.identity for notice in others)}) == 3


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 2_000), longest=st.integers(0, 10**9), watched=st.integers(0, 10**6))
def test_however_many_it_is_one_message(count: int, longest: int, watched: int) -> None:
    """Slack and SNS take it, and there is no markup in it but our own."""
    regions = ("eu-west-1", "ap-southeast-2", "us-gov-west-1")
    sources = [LogSource(f"{111100000000 + number // 3}", regions[number % 3]) for number in range(count)]
    silent = [_quiet(*source, longest) for source in sources]
    returned = [SourceRecovered(source, _LAST - longest, _LAST) for source in sources]
    for notice in (source_down_notice(silent, count, watched), source_recovered_notice(returned)):
        assert_within_limits(notice_message(notice).text, notice_message(notice).blocks)
        assert (
            violation({"text": notice_message(notice).text, "blocks": notice_message(notice).blocks}, longest_text=4000)
            is None
        )
        assert_all_harmless(texts_of(notice_message(notice).blocks))
        assert_escaped(notice_message(notice).text)
        body = json.loads(notice_to_sns(notice).body)
        assert body["error_message"] == notice.text
        assert len(notice_to_sns(notice).body) < MAX_BODY_BYTES
