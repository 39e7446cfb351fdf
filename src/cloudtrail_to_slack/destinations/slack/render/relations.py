"""What ties an event to others: it updates an earlier one, or other accounts record the same call. Pure.

Source: AWS CloudTrail User Guide, "CloudTrail record contents" (`addendum`) and "Example sharedEventID".
"""

from cloudtrail_to_slack.destinations.slack.render.text import code
from cloudtrail_to_slack.events.event import Event, as_text

_LATE = {
    "DELIVERY_DELAY": "CloudTrail delivered this event late.",
    "SERVICE_OUTAGE": "This event was recorded late, after an outage of the service that records it.",
}


def event_relations(event: Event) -> list[str]:
    """Return a line of Slack markup for each tie to another event."""
    return [*_addendum(event), *_shared(event)]


def _addendum(event: Event) -> list[str]:
    reason = event.text("addendum.reason")
    if event.is_update:
        original = event.text("addendum.originalEventID")
        what = f"of event {code(original, 100)}" if original else "of an earlier event"
        corrected = _updated_fields(event)
        return [
            f":pencil2: Update {what}, in which CloudTrail corrected {code(corrected, 200) if corrected else 'data'}."
        ]
    if not reason:
        return []
    return [f":hourglass: {_LATE.get(reason) or f'CloudTrail added to this event later: {code(reason, 60)}.'}"]


def _updated_fields(event: Event) -> str:
    addendum = event.record.get("addendum")
    fields = addendum.get("updatedFields") if isinstance(addendum, dict) else None
    return ", ".join(map(as_text, fields)) if isinstance(fields, list) else as_text(fields)


def _shared(event: Event) -> list[str]:
    if not event.shared_event_id:
        return []
    shown = code(event.shared_event_id, 100)
    if event.insight:
        return [f":link: The start and the end of this Insight share the ID {shown}."]
    return [
        f":link: Every account that this call concerns records it, each under its own event ID; they share {shown}."
    ]
