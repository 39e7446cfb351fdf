"""An alert as a Slack message, for a person on a phone at night.

The first two lines say what happened and where; then who, from where, on what, with which result, when and why it is
told; then links and ids; last the details, cut to fit. Every text of the event passes through `slack_text`.
"""

import json
from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack.alerts import Alert
from cloudtrail_to_slack.console_links import event_link, insights_link, log_object_link
from cloudtrail_to_slack.events import Event, as_text
from cloudtrail_to_slack.insights import Insight
from cloudtrail_to_slack.messages.event_resources import resources
from cloudtrail_to_slack.messages.slack_message import (
    MAX_ALL_BLOCKS,
    MAX_SECTION_TEXT,
    Block,
    SlackMessage,
    blocks_length,
    context,
    link,
    section,
)
from cloudtrail_to_slack.messages.slack_text import CUT_MARK, code, code_block, json_length, plain, slack_length, word
from cloudtrail_to_slack.messages.slack_time import both_zones
from cloudtrail_to_slack.rules import Rule, Severity

SEVERITY_MARKS = {
    Severity.INFO: ":white_circle:",
    Severity.LOW: ":large_blue_circle:",
    Severity.MEDIUM: ":large_yellow_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.CRITICAL: ":red_circle:",
}
_RULES_SHOWN = 3
_ERROR_ROOM = 900
_LONGEST_RUNBOOK = 200
_DETAILS = (
    ("requestParameters", "Request parameters"),
    ("responseElements", "Response"),
    ("additionalEventData", "Additional event data"),
    ("serviceEventDetails", "Service event details"),
)
_SECTION_ROOM = 150  # JSON characters around the text of one section
_LEAST_DETAIL = 200


def alert_message(alert: Alert) -> SlackMessage:
    """Return the full message of an alert, within every limit of Slack whatever the event holds."""
    event = alert.event
    blocks = [section(_headline(alert)), section("", _fields(alert))]
    if event.error_message:
        error = code_block(event.error_message, lambda text: json_length(text) <= _ERROR_ROOM)
        blocks.append(section(f":x: *Error message*\n{error}"))
    blocks.append(context(_links_and_ids(alert)))
    return SlackMessage(text=notification_text(alert), blocks=[*blocks, *_details(event, blocks)])


def bare_message(alert: Alert) -> SlackMessage:
    """Return an alert as one short text without blocks, for when Slack refuses the full message."""
    where = f"\n{CUT_MARK} shown short, because Slack refused the whole alert; see the log object: "
    origin = plain(alert.origin.url, 600) if alert.origin else "none, EventBridge brought the event"
    return SlackMessage(
        text=f"{notification_text(alert)}\nevent {plain(alert.event.event_id or 'without id', 100)}{where}{origin}"
    )


def notification_text(alert: Alert) -> str:
    """Return what a phone's lock screen shows: what happened, and where."""
    event = alert.event
    marks = ("❌ " if event.failed else "") + ("⚠️ without MFA: " if event.without_mfa else "")
    return f"{marks}{plain(alert.title, 300)}\n{' · '.join(plain(part, 120) for part in _place(event))}"


def _headline(alert: Alert) -> str:
    event = alert.event
    mark = SEVERITY_MARKS[alert.severity]
    if event.insight:
        first = f":chart_with_upwards_trend: {_insight_headline(event, event.insight)}"
    else:
        name = word(event.name) if event.name else "*something without a name*"
        first = f"{mark} {name} by {code(event.actor.name, 200)}"
        if event.failed:
            first += f" — :x: *failed*{' ' + code(event.error_code, 100) if event.error_code else ''}"
    if event.without_mfa:
        first += "\n:warning: *Signed in without MFA*" if not event.failed else "\n:warning: *Without MFA*"
    return f"{first}\nin {' · '.join(code(part, 120) for part in _place(event))}"


def _insight_headline(event: Event, insight: Insight) -> str:
    state = {"Start": "Unusual activity began", "End": "Unusual activity ended"}.get(insight.state, "Unusual activity")
    what = "errors of" if insight.is_error_rate else "calls of"
    text = f"*{state}:* {what} {word(event.name) if event.name else 'an API'}"
    if insight.rate is not None and insight.baseline is not None:
        text += f", {insight.rate:,.4g} a minute instead of {insight.baseline:,.4g}"
    if insight.error_code:
        text += f", {code(insight.error_code, 100)}"
    return text


def _place(event: Event) -> list[str]:
    account = f"account {event.account}" if event.account else "account unknown"
    return [account, *(part[:80] for part in (event.region, event.source) if part)]


def _fields(alert: Alert) -> list[str]:
    event = alert.event
    fields = [
        _insight_field(event.insight) if event.insight else _who(event),
        _from(event),
        _on_what(event),
        _result(event),
        f"*When*\n{both_zones(event.time, event.text('eventTime'))}",
        _why(alert),
    ]
    return [text for text in fields if text]


def _insight_field(insight: Insight) -> str:
    lines = [f"*How long*\n{insight.minutes:,.4g} minutes" if insight.minutes is not None else ""]
    return "\n".join(filter(None, lines))


def _who(event: Event) -> str:
    actor = event.actor
    lines = ["*Who*"]
    if actor.role:
        role = (
            f"SSO permission set {code(actor.permission_set, 120)}" if actor.permission_set else code(actor.role, 150)
        )
        lines += [f"role {role}" if not actor.permission_set else role, f"session {code(actor.session or '-', 150)}"]
    else:
        lines.append(code(actor.name, 200))
    if actor.is_sso:
        lines.append(":bust_in_silhouette: SSO user")
    elif actor.type and not actor.role:
        lines.append(f"type {code(actor.type, 60)}")
    if actor.account and actor.account != event.account:
        lines.append(f":warning: of another account, {code(actor.account, 60)}")
    if actor.identity_provider:
        lines.append(f"identity provider {code(actor.identity_provider, 150)}")
    if actor.invoked_by and actor.invoked_by != actor.name:
        lines.append(f"through {code(actor.invoked_by, 100)}")
    return "\n".join(lines)


def _from(event: Event) -> str:
    address, agent = event.text("sourceIPAddress"), event.text("userAgent")
    lines = ["*From*"] if address or agent else []
    lines += [f"IP {code(address, 100)}"] if address else []
    lines += [f"client {code(agent, 200)}"] if agent else []
    return "\n".join(lines)


def _on_what(event: Event) -> str:
    found = resources(event)
    return "\n".join(["*On*", *(code(resource, 150) for resource in found)]) if found else ""


def _result(event: Event) -> str:
    if event.insight:
        return ""
    if event.failed:
        return f"*Result*\n:x: failed {code(event.error_code, 100) if event.error_code else ''}".rstrip()
    return "*Result*\n:white_check_mark: succeeded"


def _why(alert: Alert) -> str:
    lines = [_rule_line(rule) for rule in alert.rules[:_RULES_SHOWN]]
    more = len(alert.rules) - _RULES_SHOWN
    severity = f"{SEVERITY_MARKS[alert.severity]} {alert.severity.word}"
    return "\n".join(["*Why*", severity, *lines, *([f"and {more} more rules"] if more > 0 else [])])


def _rule_line(rule: Rule) -> str:
    line = plain(rule.title, 120) if rule.title else code(rule.name, 120)
    runbook = rule.runbook_url if rule.runbook_url and len(rule.runbook_url) <= _LONGEST_RUNBOOK else None
    address = (
        runbook.replace("<", "%3C").replace(">", "%3E").replace("|", "%7C").replace("&", "&amp;") if runbook else None
    )
    return " · ".join(filter(None, [line, link(address, "runbook")]))


def _links_and_ids(alert: Alert) -> list[str]:
    event = alert.event
    event_address = insights_link(event.region) if event.insight else event_link(event.region, event.event_id)
    object_address = log_object_link(alert.origin, event.region) if alert.origin else None
    links = filter(
        None,
        (
            link(_escaped(event_address), ":mag: Show event in CloudTrail"),
            link(_escaped(object_address), ":page_facing_up: Log object"),
        ),
    )
    identifiers = (f"event {code(event.event_id, 100)}" if event.event_id else "event without id",)
    rules = f"rules {', '.join(code(rule.id, 80) for rule in alert.rules[:_RULES_SHOWN] if rule.id)}"
    place = code(alert.origin.url, 500) if alert.origin else "brought by EventBridge"
    account = f"account {code(event.account or 'unknown', 20)}"
    region = f"region {code(event.region or 'unknown', 60)}"
    elements = [" · ".join(links), " · ".join((account, region, *identifiers)), rules, place]
    return [element for element in elements if element.strip() and element != "rules "]


def _escaped(address: str | None) -> str | None:
    return address.replace("&", "&amp;") if address else None


def _details(event: Event, head: list[Block]) -> list[Block]:
    """Return the sections of what was asked and answered, in what room the head leaves."""
    if event.insight:
        wanted = [("Insight", event.record.get("insightDetails"))]
    else:
        wanted = [(label, event.record.get(key)) for key, label in _DETAILS]
    present = [(label, value) for label, value in wanted if value not in (None, "", "null", {}, [])]
    room = MAX_ALL_BLOCKS - blocks_length(head)
    blocks: list[Block] = []
    for left, (label, value) in zip(range(len(present), 0, -1), present, strict=True):
        share = room // left - _SECTION_ROOM
        block = _detail(label, _pretty(value), share) if share > _LEAST_DETAIL else None
        blocks.append(block or context([f"*{label}*: {CUT_MARK} cut, no room left; see the event"]))
        room -= blocks_length(blocks[-1:])
    return blocks


def _detail(label: str, text: str, room: int) -> Block | None:
    title = f"*{label}*\n"

    def fits(block: str) -> bool:
        return slack_length(title + block) <= MAX_SECTION_TEXT and json_length(title + block) <= room

    block = code_block(text, fits)
    return section(title + block) if block else None


def _pretty(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(_readable(value), indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return as_text(value)


def _readable(value: Any) -> Any:  # noqa: ANN401 (any JSON in, any JSON out)
    """Unpack JSON documents that stand in a value as text, as policies do."""
    if isinstance(value, Mapping):
        return {key: _readable(child) for key, child in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
