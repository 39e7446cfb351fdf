"""An alert as a Slack message, for a person on a phone at night.

The first lines say what happened, where and why it matters; then come who, from where, on what, with which result and
when; links and IDs; and last the details, cut to fit. `render.text` escapes every string of the event.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.remediation import remediation_caution, remediation_command
from cloudtrail_to_slack.alerts.text import Line, escape, how_long
from cloudtrail_to_slack.aws.console_links import event_link, insights_link, log_file_link
from cloudtrail_to_slack.destinations.base import Sizes
from cloudtrail_to_slack.destinations.slack.render.details import ALL_DETAILS, REQUEST, are_short, details
from cloudtrail_to_slack.destinations.slack.render.headline import (
    by_severity,
    headline,
    lead,
    notification_text,
    rule_titles,
    why,
)
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    Block,
    SlackMessage,
    blocks_length,
    context,
    mention,
    section,
    sections,
    with_mention,
    with_warning,
)
from cloudtrail_to_slack.destinations.slack.render.text import CUT_MARK, both_zones, code, code_block, link, plain
from cloudtrail_to_slack.events.actor import person_behind
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.client import client_kind
from cloudtrail_to_slack.events.event import Event, as_text
from cloudtrail_to_slack.events.insight import Insight
from cloudtrail_to_slack.events.resources import resources

_CLIENT_LENGTH = 90
_KNOWN_CLIENT_LENGTH = 40  # one line on a phone, with the tool's version
_INSIGHT_ATTRIBUTES = {"userIdentityArn": "Who", "userAgent": "Client", "errorCode": "Error"}
_ACTOR_TYPES = {"IAMUser": "IAM user", "AWSAccount": "account", "AWSService": "service"}
_LATE = {
    "DELIVERY_DELAY": "CloudTrail delivered this event late.",
    "SERVICE_OUTAGE": "This event was recorded late, after an outage of the service that records it.",
}
_ATTRIBUTIONS_SHOWN = 4
_RULES_SHOWN = 5
_TECHNIQUES_SHOWN = 5
_STEPS_SHOWN, _STEP_LENGTH = 5, 300
_ERROR_LENGTH = 400
_BARE = re.compile(r"[^A-Za-z0-9_./:=+-]")
_REPLY_ROOM = 4000  # a thread is read as a whole; the parent message has the rest


def alert_sizes(
    alert: Alert, user_group: str | None, warning: Line | None, *, is_reply: bool = False
) -> Sizes[SlackMessage]:
    """Return an alert in several sizes: whole or as a reply, compact, without blocks, and one bare line."""

    def finished(make: Callable[[Alert], SlackMessage]) -> SlackMessage:
        return with_warning(with_mention(make(alert), user_group), warning)

    def bare() -> SlackMessage:  # it holds nothing that Slack may reject, except the mention
        message = minimal_message(alert)
        return SlackMessage(f"{mention(user_group)} {message.text}") if user_group else message

    whole = (reply_message,) if is_reply else (alert_message, compact_message)
    return [*(partial(finished, make) for make in (*whole, plain_message)), bare]


def alert_message(alert: Alert) -> SlackMessage:
    """Return the full message of an alert, within every limit of Slack whatever the event holds."""
    blocks = [
        *sections(lead(alert), why(alert), "\n".join(fields(alert.event))),
        *sections(_remediation(alert), _first_steps(alert)),
        *_footer(alert),
    ]
    more = details(alert.event, ALL_DETAILS, MAX_ALL_BLOCKS - blocks_length(blocks))
    message = SlackMessage(notification_text(alert), blocks, more)
    return message.whole if are_short(more) else message


def reply_message(alert: Alert) -> SlackMessage:
    """Return an alert as a reply in a thread: only what may differ from the parent message."""
    blocks = [
        section(f"{headline(alert)}\n{rule_titles(alert)}"),
        section("\n".join(reply_fields(alert.event))),
        *sections(_remediation(alert)),
        *_footer(alert),
        *details(alert.event, REQUEST, _REPLY_ROOM),
    ]
    return SlackMessage(notification_text(alert), blocks)


def compact_message(alert: Alert) -> SlackMessage:
    """Return the alert without request and response, for when Slack rejects the full message."""
    blocks = sections(headline(alert), _remediation(alert))
    notes = [context([_identifiers(alert)]), context([_rejected_note(alert, code)])]
    return SlackMessage(notification_text(alert), [*blocks, *notes])


def plain_message(alert: Alert) -> SlackMessage:
    """Return the alert as a few lines of text without blocks, for when Slack rejects those."""
    event = alert.event
    command = remediation_command(event, alert.log_file)
    lines = [
        notification_text(alert),
        *([plain(event.error_message, 300)] if event.error_message else []),
        f"event {plain(event.event_id or 'without id', 100)}",
        *([f"to undo it{_caution(alert)}: {escape(command)}"] if command else []),
        _rejected_note(alert, plain),
    ]
    return SlackMessage("\n".join(lines))


def minimal_message(alert: Alert) -> SlackMessage:
    """Return the alert as one short line of plain ASCII, which holds nothing that Slack may reject."""
    event = alert.event
    ended = "" if alert.outcome is CallOutcome.SUCCEEDED else alert.outcome.value.replace(" ", "-")
    parts = (event.name, ended, event.account, event.event_id, alert.log_file.url if alert.log_file else "EventBridge")
    shown = [_BARE.sub("?", part)[:300] for part in parts if part]
    return SlackMessage(f"CloudTrail alert: {' / '.join(shown)}")


def _rejected_note(alert: Alert, quote: Callable[[str, int], str]) -> str:
    origin = quote(alert.log_file.url, 600) if alert.log_file else "none, the event came from EventBridge"
    return f"{CUT_MARK} shortened because Slack rejected the full alert; see the log file: {origin}"


def _remediation(alert: Alert) -> str:
    command = remediation_command(alert.event, alert.log_file)
    # The block is bounded, and half a command must not be run.
    return f":wrench: *To undo it*{_caution(alert)}\n{code_block(command, lambda _: True)}" if command else ""


def _caution(alert: Alert) -> str:
    caution = remediation_caution(alert.event)
    return f" ({caution})" if caution else ""


def _first_steps(alert: Alert) -> str:
    """Return the first steps of the most severe rule that has any."""
    wanted = next((rule.first_steps for rule in by_severity(alert) if rule.first_steps), ())
    lines = [f"{number}. {plain(step, _STEP_LENGTH)}" for number, step in enumerate(wanted[:_STEPS_SHOWN], 1)]
    return "\n".join([":footprints: *First steps*", *lines]) if lines else ""


def _footer(alert: Alert) -> list[Block]:
    """Return links, IDs, and relations to other events."""
    event, origin = alert.event, alert.log_file
    relations = event_relations(event)
    event_address = insights_link(event.region) if event.insight else event_link(event.region, event.event_id)
    file_address = log_file_link(origin, event.region) if origin else None
    after = f", {how_long(alert.latency)} after the event" if alert.latency is not None else ""
    links = [
        link(event_address, ":mag: Show event in CloudTrail"),
        link(file_address, ":page_facing_up: Log file"),
        code(origin.url, 500) if origin and file_address is None else "",
        f"received from EventBridge{after}" if origin is None else f"read from the log file{after}" if after else "",
    ]
    links_and_ids = [" · ".join(filter(None, links)), _identifiers(alert)]
    return [*([context(relations)] if relations else []), context(links_and_ids)]


def _identifiers(alert: Alert) -> str:
    event = alert.event
    agent = event.text("userAgent") if client_kind(event) else ""  # of an unknown kind, the lines above show it
    rules = [code(rule.id, 80) for rule in alert.rules[:_RULES_SHOWN] if rule.id]
    techniques = alert.techniques[:_TECHNIQUES_SHOWN]
    pages = (
        # Source of the address: attack.mitre.org, "Techniques".
        link(f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/", plain(technique, 20))
        for technique in techniques
    )
    identifiers = [
        f"event {code(event.event_id or 'without id', 100)}",
        *([f"rules {', '.join(rules)}"] if rules else []),
        *([f"MITRE ATT&amp;CK {', '.join(pages)}"] if techniques else []),
        *([f"client {code(agent, _KNOWN_CLIENT_LENGTH)}"] if agent and not agent.startswith("Mozilla/") else []),
    ]
    return " · ".join(identifiers)


def fields(event: Event) -> list[str]:
    """Return the lines of a full alert: who, from where, on what, with which error, and when."""
    if event.insight:
        return _labelled(_insight(event.insight) | _when(event))
    error = [code(event.error_message, _ERROR_LENGTH)] if event.error_message else []
    return _labelled({"Who": _who(event), **_from_and_on(event), "Error": error, **_when(event)})


def reply_fields(event: Event) -> list[str]:
    """Return the lines of an alert in a thread, whose parent message has already said who did what."""
    return _labelled(_from_and_on(event) | _when(event))


def event_relations(event: Event) -> list[str]:
    """Return a line for each relation to another event: what it updates, and who else recorded the call.

    Source: AWS CloudTrail User Guide, "CloudTrail record contents" (`addendum`) and "Example sharedEventID".
    """
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
            else f":link: Each account concerned records this call, under its own event ID and the same shared ID"
            f" {shown}."
        )
    return lines


def _labelled(fields: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each field that has values: two columns of fields would be twice as long on a phone."""
    return [f"*{label}* {' · '.join(values)}" for label, values in fields.items() if values]


def _who(event: Event) -> list[str]:
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
    return lines


def _from_and_on(event: Event) -> dict[str, list[str]]:
    address, agent, kind = event.text("sourceIPAddress"), event.text("userAgent"), client_kind(event)
    origin = [f"IP {code(address, 100)}"] if address else []
    if agent:
        origin.append(kind or f"client {code(agent, _CLIENT_LENGTH)}")
    names = [f"{label} {code(name, 150)}" if label else code(name, 150) for label, name in resources(event)]
    return {"From": origin, "On": names}


def _when(event: Event) -> dict[str, list[str]]:
    return {"When": [both_zones(event.time, event.text("eventTime"))]}


def _insight(insight: Insight) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = {}
    known = (each for each in insight.attributions if each.attribute in _INSIGHT_ATTRIBUTES)
    for attribution in islice((each for each in known if each.value not in ("", "null")), _ATTRIBUTIONS_SHOWN):
        label = _INSIGHT_ATTRIBUTES[attribution.attribute]
        shown.setdefault(label, []).append(code(attribution.value, 200))
    if insight.minutes is not None:
        shown["How long"] = [f"{insight.minutes:,.4g} minutes"]
    return shown


def _updated_fields(event: Event) -> str:
    addendum = event.record.get("addendum")
    updated = addendum.get("updatedFields") if isinstance(addendum, dict) else None
    return ", ".join(map(as_text, updated)) if isinstance(updated, list) else as_text(updated)
