"""The notice about calls of the function's own role."""

import html
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.own_role import OwnCall
from cloudtrail_to_slack.alerts.self_notices import own_role_notice
from cloudtrail_to_slack.destinations.slack.render.notice import notice_message
from cloudtrail_to_slack.destinations.sns.render import notice_to_sns
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack_dev.fake_slack import violation
from support.samples import ACCOUNT
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless
from support.strategies import hostile_text


def call(number: int = 0, name: str = "Publish", severity: str = "medium", error_code: str = "AccessDenied") -> OwnCall:
    """A call."""
    event_id = f"01234567-89ab-cdef-0123-{number:012}"
    return OwnCall(
        f"2026-03-14T09:{number % 60:02}:00Z", "sns.amazonaws.com", name, error_code, event_id, ("r",), severity
    )


def shown(notice: Notice) -> str:
    """All texts of a notice's message, checked, as people see them."""
    assert_good(notice)
    return html.unescape("\n".join(texts_of(notice_message(notice).blocks)))


def assert_good(notice: Notice) -> None:
    """Assert that Slack and SNS take the notice, and that nothing in it does anything."""
    message = notice_message(notice)
    assert_within_limits(message.text, message.blocks)
    assert violation({"text": message.text, "blocks": message.blocks}, longest_text=4000) is None
    assert_all_harmless(texts_of(message.blocks))
    assert json.loads(notice_to_sns(notice).body)


def test_calls_stand_together_by_what_they_are() -> None:
    """Calls of one name and outcome are one entry with all ids and the time from first to last; the worst first."""
    calls = [call(2), call(1), call(3, "AttachRolePolicy", "high", "")]
    notice = own_role_notice(calls, 0, ACCOUNT)
    found = shown(notice)
    assert found.index("*AttachRolePolicy*") < found.index("2 of *Publish*")
    assert "`2026-03-14T09:01:00Z` to `2026-03-14T09:02:00Z`" in found
    assert all(each.event_id in found and each.event_id in notice.text for each in calls)
    assert (notice.title, notice.severity, notice.account) == (
        "3 calls by the alerting function's own role matched rules",
        "high",
        ACCOUNT,
    )
    assert "which failed with AccessDenied" in notice.text


def test_one_call() -> None:
    """One call is not spoken of in the plural, and one without a name and id has neither."""
    lonely = OwnCall("", "", "", "", "", (), "low")
    notice = own_role_notice([lonely], 0, None)
    found = shown(notice)
    assert notice.title == "1 call by the alerting function's own role matched rules"
    assert "a call without a name" in found
    assert "without id" in found


@pytest.mark.parametrize("more", [0, 1000])
def test_very_many_calls(more: int) -> None:
    """Of very many calls as many ids are shown as fit; the others are counted."""
    notice = own_role_notice([call(number) for number in range(200)], more, ACCOUNT)
    found = shown(notice)
    listed = found.count("01234567-89ab")
    assert listed > 30
    assert f"and {200 - listed} more" in found
    assert notice.title.startswith(f"{200 + more:,} calls")
    assert (f"and {more:,} more; see the log for their IDs" in found) is bool(more)
    assert all(call(number).event_id in notice.text for number in range(200))


def test_very_many_kinds() -> None:
    """Of very many kinds of calls as many are shown as fit; the others are counted."""
    notice = own_role_notice([call(number, f"Call{number}") for number in range(200)], 0, ACCOUNT)
    found = shown(notice)
    listed = found.count("1 of *Call")
    assert 10 < listed <= 25
    assert f"and {200 - listed} more; see the log for their IDs" in found


def calls() -> st.SearchStrategy[OwnCall]:
    """Calls of any content."""
    text = hostile_text(64)
    return st.builds(
        OwnCall, text, text, text, text, text, st.lists(text, max_size=5).map(tuple),
        st.sampled_from([severity.word for severity in Severity]),
    )  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(found=st.lists(calls(), max_size=40), more=st.integers(0, 10**6))
def test_any_calls(found: list[OwnCall], more: int) -> None:
    """Whatever the calls hold, the notice keeps every limit and does nothing."""
    assert_good(own_role_notice(found, more, None))
