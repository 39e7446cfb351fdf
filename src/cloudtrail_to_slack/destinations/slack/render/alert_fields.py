"""The fields of an alert: who, from where, on what, with which result, and when."""

from cloudtrail_to_slack.destinations.slack.render.outcome_words import result_lines
from cloudtrail_to_slack.destinations.slack.render.text import code
from cloudtrail_to_slack.destinations.slack.render.time import both_zones
from cloudtrail_to_slack.events.actor import person_behind
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.client import client_kind
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.insight import Insight
from cloudtrail_to_slack.events.resources import resources

_CLIENT_LENGTH = 90
_INSIGHT_ATTRIBUTES = {"userIdentityArn": "Who", "userAgent": "Client", "errorCode": "Error"}


def fields(event: Event, outcome: CallOutcome) -> list[str]:
    """Return the fields of a full alert."""
    if event.insight:
        return [*_insight(event.insight), _when(event)]
    return [_who(event), *_from(event), *_on(event), *_result(event, outcome), _when(event)]


def reply_fields(event: Event) -> list[str]:
    """Return the fields of an alert in a thread, whose parent message has already said who did what."""
    return [*_from(event), *_on(event), _when(event)]


def _who(event: Event) -> str:
    actor = event.actor
    lines = ["*Who*"]
    if actor.permission_set:
        lines.append(f":bust_in_silhouette: SSO user {code(actor.session or '-', 150)}")
        lines.append(f"permission set {code(actor.permission_set, 120)}")
    elif actor.role:
        lines += [f"role {code(actor.role, 150)}", f"session {code(actor.session or '-', 150)}"]
    elif actor.is_sso:
        lines.append(f":bust_in_silhouette: SSO user {code(actor.name, 200)}")
    elif actor.type in ("Root", ""):
        lines.append(code(actor.name, 200))
    else:
        kind = {"IAMUser": "IAM user", "AWSAccount": "account", "AWSService": "service"}.get(actor.type)
        lines.append(f"{kind or code(actor.type, 60)} {code(actor.name, 200)}")
    if actor.account and actor.account != event.account:
        lines.append(f":warning: of another account, {code(actor.account, 60)}")
    if actor.identity_provider:
        lines.append(f"identity provider {code(actor.identity_provider, 150)}")
    if actor.invoked_by and actor.invoked_by != actor.name:
        lines.append(f"through {code(actor.invoked_by, 100)}")
    for label, value in person_behind(event.record.get("userIdentity")):
        if value not in (actor.name, actor.session):
            lines.append(f"{label} {code(value, 150)}")
    return "\n".join(lines)


def _from(event: Event) -> list[str]:
    address, agent = event.text("sourceIPAddress"), event.text("userAgent")
    lines = [f"IP {code(address, 100)}"] if address else []
    kind = client_kind(event)
    lines += [f"client {f'{kind}: ' if kind else ''}{code(agent, _CLIENT_LENGTH)}"] if agent else []
    return ["\n".join(["*From*", *lines])] if lines else []


def _on(event: Event) -> list[str]:
    lines = [f"{label} {code(name, 150)}" if label else code(name, 150) for label, name in resources(event)]
    return ["\n".join(["*On*", *lines])] if lines else []


def _result(event: Event, outcome: CallOutcome) -> list[str]:
    lines = result_lines(event, outcome)
    return ["\n".join(["*Result*", *lines])] if lines else []


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
