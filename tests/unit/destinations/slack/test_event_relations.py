"""What ties an event to others."""

import html
from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.destinations.slack.render.alert import alert_message, event_relations
from support.samples import alert, event
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless
from support.strategies import hostile_text

UPDATE = {"reason": "UPDATED_DATA", "updatedFields": "responseElements", "originalEventID": "event-0"}


@pytest.mark.parametrize(
    ("addendum", "line"),
    [
        (UPDATE, "Update of event `event-0`, in which CloudTrail corrected `responseElements`."),
        ({**UPDATE, "updatedFields": ["a", "b"]}, "corrected `a, b`."),
        ({"reason": "UPDATED_DATA"}, "Update of an earlier event, in which CloudTrail corrected data."),
        ({"originalEventID": "<!here>"}, "Update of event `<!here>`, in which CloudTrail corrected data."),
        ({"reason": "DELIVERY_DELAY"}, "CloudTrail delivered this event late."),
        ({"reason": "SERVICE_OUTAGE"}, "after an outage"),
        ({"reason": "<!channel>"}, "CloudTrail added to this event later: `<!channel>`."),
    ],
)
def test_addendum(addendum: object, line: str) -> None:
    """An update names the event that it corrects, and a late event says why."""
    (found,) = event_relations(event(addendum=addendum))
    assert_all_harmless([found])
    assert line in html.unescape(found)


@pytest.mark.parametrize("addendum", [None, {}, "text", [], {"reason": None}, {"reason": ""}])
def test_no_addendum(addendum: object) -> None:
    """An event without an addendum, or with one that says nothing, has no tie."""
    assert event_relations(event(addendum=addendum)) == []


def test_shared_event() -> None:
    """A call that several accounts record shows the ID that they share; an Insight the one of its start and end."""
    (call,) = event_relations(event(sharedEventID="shared-1"))
    (insight,) = event_relations(event(sharedEventID="shared-1", insightDetails={"state": "End"}))
    assert "under its own event ID and the same shared ID `shared-1`" in call
    assert "start and the end of this Insight share the ID `shared-1`" in insight


def test_an_update_is_called_one() -> None:
    """An update says so where people look first: in the title and in the headline."""
    update = alert(addendum=UPDATE)
    message = alert_message(update)
    assert update.title.endswith("called DeleteBucket (update of an earlier event)")
    assert "update of an earlier event" in message.text
    assert "*update of an earlier event*" in next(texts_of(message.blocks))


@settings(deadline=None, max_examples=60)
@given(one=hostile_text(600), other=hostile_text(600))
def test_hostile_relations(one: str, other: str) -> None:
    """Whatever stands in an addendum and a shared ID, the message keeps Slack's limits and does nothing."""
    changes: dict[str, Any] = {
        "addendum": {"reason": one, "updatedFields": other, "originalEventID": one},
        "sharedEventID": other,
    }
    message = alert_message(alert(**changes))
    assert_within_limits(message.text, message.blocks)
    assert_all_harmless(texts_of(message.blocks))
