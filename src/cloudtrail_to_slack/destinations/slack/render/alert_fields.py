"""The fields of an alert: who, from where, on what, with which result, and when; and what ties it to other events.

Source of the ties: AWS CloudTrail User Guide, "CloudTrail record contents" (`addendum`) and "Example sharedEventID".
"""

from cloudtrail_to_slack.destinations.slack.render.headline import outcome_marks
from cloudtrail_to_slack.destinations.slack.render.text import both_zones, code
from cloudtrail_to_slack.events.actor import person_behind
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.client import client_kind
from cloudtrail_to_slack.events.event import Event, as_text
from cloudtrail_to_slack.events.insight import Insight
from cloudtrail_to_slack.events.resources import resources

_CLIENT_LENGTH = 90
_INSIGHT_ATTRIBUTES = {"userIdentityArn": "Who", "userAgent": "Client", "errorCode": "Error"}
_ACTOR_TYPES = {"IAMUser": "IAM user", "AWSAccount": "account", "AWSService": "service"}
_LATE = {
    "DELIVERY_DELAY": "CloudTrail delivered this event late.",
    "SERVICE_OUTAGE": "This event was recorded late, after an outage of the service that records it.",
}


def fields(event: Event, outcome: CallOutcome) -> list[str]:
    """Return the fields of a full alert."""
    if event.insight:
        return [*_insight(event.insight), _when(event)]
    result = [] if outcome is CallOutcome.NOT_A_CALL else outcome_marks(event, outcome)
    if outcome is CallOutcome.SUCCEEDED:
        result = [":white_check_mark: succeeded"]
    return [_who(event), *_from(event), *_on(event), *_field("Result", result), _when(event)]


def reply_fields(event: Event) -> list[str]:
    """Return the fields of an alert in a thread, whose parent message has already said who did what."""
    return [*_from(event), *_on(event), _when(event)]


def event_relations(event: Event) -> list[str]:
    """Return a line of Slack markup for each tie to another event: what it updates, and who else recorded the call."""
    lines = []
    reason, original = event.text("addendum.reason"), event.text("addendum.originalEventID")
    if event.is_update:
        what = f"of event {code(original, 100)}" if original else "of an earlier event"
        corrected = _updated_fields(event)
        corrected = code(corrected, 200) if corrected else "data"
        lines.append(f":pencil2: Update {what}, in which CloudTrail corrected {corrected}.")
    elif reason:
        lines.append(f":hourglass: {_LATE.get(reason) or f'CloudTrail added to this event later: {code(reason, 60)}.'}")
    if event.shared_event_id:
        shown = code(event.shared_event_id, 100)
        lines.append(
            f":link: The start and the end of this Insight share the ID {shown}."
            if event.insight
            else f":link: Every account that this call concerns records it, each under its own event ID; they share"
            f" {shown}."
        )
    return lines


def _field(label: str, lines: list[str]) -> list[str]:
    return ["\n".join([f"*{label}*", *lines])] if lines else []


def _who(event: Event) -> str:
    actor = event.actor
    if actor.permission_set:
        lines = [f":bust_in_silhouette: SSO user {code(actor.session or '-', 150)}"]
        lines.append(f"permission set {code(actor.permission_set, 120)}")
    elif actor.role:
        lines = [f"role {code(actor.role, 150)}", f"session {code(actor.session or '-', 150)}"]
    elif actor.is_sso:
        lines = [f":bust_in_silhouette: SSO user {code(actor.name, 200)}"]
    elif actor.type in ("Root", ""):
        lines = [code(actor.name, 200)]
    else:
        lines = [f"{_ACTOR_TYPES.get(actor.type) or code(actor.type, 60)} {code(actor.name, 200)}"]
    if actor.account and actor.account != event.account:
        lines.append(f":warning: of another account, {code(actor.account, 60)}")
    if actor.identity_provider:
        lines.append(f"identity provider {code(actor.identity_provider, 150)}")
    if actor.invoked_by and actor.invoked_by != actor.name:
        lines.append(f"through {code(actor.invoked_by, 100)}")
    for label, value in person_behind(event.record.get("userIdentity")):
        if value not in (actor.name, actor.session):
            lines.append(f"{label} {code(value, 150)}")
    return "\n".join(["*Who*", *lines])


def _from(event: Event) -> list[str]:
    address, agent = event.text("sourceIPAddress"), event.text("userAgent")
    lines = [f"IP {code(address, 100)}"] if address else []
    kind = client_kind(event)
    lines += [f"client {f'{kind}: ' if kind else ''}{code(agent, _CLIENT_LENGTH)}"] if agent else []
    return _field("From", lines)


def _on(event: Event) -> list[str]:
    return _field(
        "On", [f"{label} {code(name, 150)}" if label else code(name, 150) for label, name in resources(event)]
    )


def _when(event: Event) -> str:
    return f"*When*\n{both_zones(event.time, event.text('eventTime'))}"


def _insight(insight: Insight) -> list[str]:
    attributions = [
        f"*{_INSIGHT_ATTRIBUTES[attribution.attribute]}*\n{code(attribution.value, 200)}"
        for attribution in insight.attributions
        if attribution.attribute in _INSIGHT_ATTRIBUTES and attribution.value not in ("", "null")
    ]
    how_long = [f"*How long*\n{insight.minutes:,.4g} minutes"] if insight.minutes is not None else []
    return [*attributions[:4], *how_long]


def _updated_fields(event: Event) -> str:
    addendum = event.record.get("addendum")
    updated = addendum.get("updatedFields") if isinstance(addendum, dict) else None
    return ", ".join(map(as_text, updated)) if isinstance(updated, list) else as_text(updated)
