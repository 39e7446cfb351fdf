"""What is said in Slack of a trail that somebody stopped: what was done about it, or why nothing was. Pure."""

from collections.abc import Callable

from cloudtrail_to_slack.alerts.remediation import start_logging_command
from cloudtrail_to_slack.auto_restart.outcomes import LEFT_STOPPED, Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.stop_events import StopEvent
from cloudtrail_to_slack.aws.console_links import event_link
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, context, link, section
from cloudtrail_to_slack.destinations.slack.render.text import code, code_block, plain
from cloudtrail_to_slack.destinations.slack.render.time import both_zones, utc
from cloudtrail_to_slack.events.event import Event, parse_time

Quote = Callable[[str, int], str]  # how a text of strangers stands in a sentence: in Slack's markup, or without

_LONGEST_COMMAND = 700
# Source: AWS CloudTrail API Reference, StartLogging, "Errors".
_REASONS = {
    "AccessDenied": "the role of this function may not do it: a policy, of the organisation perhaps, forbids it",
    "TrailNotFoundException": "there is no such trail any more: was it deleted?",
    "InvalidHomeRegionException": "it has to be started in the region that it was created in",
    "NotOrganizationMasterAccountException": "it is an organisation's, and only the management account may start it",
}


_OFF = (":rotating_light:", "CloudTrail logging is OFF")
# A mark, and what happened in a few words.
_HEADLINES = {
    RestartAction.RESTARTED: (":arrows_counterclockwise:", "CloudTrail logging was stopped, and is on again"),
    RestartAction.ALREADY_LOGGING: (":white_check_mark:", "CloudTrail logging was stopped, and is on"),
    RestartAction.MAINTENANCE: (":construction:", "CloudTrail logging was stopped, during maintenance"),
    RestartAction.UNFINISHED: (":hourglass:", "CloudTrail logging was stopped, and could not be started yet"),
    RestartAction.LIMIT_REACHED: (":rotating_light:", "CloudTrail logging is OFF, and is not started again any more"),
    RestartAction.NOT_PERMITTED: (":warning:", "CloudTrail logging was stopped, and is left off"),
}


def restart_notice(
    stop: StopEvent, outcome: Outcome, *, most: int, account: str, table_problem: str | None
) -> SlackMessage:
    """Return the message; `most` is how many restarts an hour has, `account` is the function's own."""
    mark, head = _HEADLINES.get(outcome.did, _OFF)
    blocks = [
        section("\n".join([f"{mark} *{head}*", *_told(stop, outcome, most, account, table_problem, code)])),
        section("", _fields(stop)),
    ]
    if _is_off(outcome) and stop.trail:
        command = code_block(start_logging_command(stop.trail), lambda text: len(text) <= _LONGEST_COMMAND)
        blocks.append(section(f":wrench: *To start it*\n{command}"))
    blocks.append(context([_identifiers(stop.event)]))
    shout = "\U0001f6a8 " if mark == _OFF[0] else ""
    text = [f"{shout}{head}", *_facts(stop), *_told(stop, outcome, most, account, table_problem, plain)]
    return SlackMessage("\n".join(text), blocks)


def _told(
    stop: StopEvent, outcome: Outcome, most: int, account: str, table_problem: str | None, quote: Quote
) -> list[str]:
    return [
        _what(stop, outcome, most, quote),
        *_elsewhere(stop, outcome, account, quote),
        *_caveats(outcome, table_problem, quote),
    ]


def _what(stop: StopEvent, outcome: Outcome, most: int, quote: Quote) -> str:
    number = f" That was start {outcome.number} of at most {most} within an hour." if outcome.number else ""
    refused = f"CloudTrail said {quote(outcome.code or 'nothing', 80)}{_reason(outcome.code or '')}."
    until = parse_time(outcome.until)
    return {
        RestartAction.RESTARTED: f"This function started it.{number}",
        RestartAction.ALREADY_LOGGING: "It was on when this function looked, and was started all the same, to be sure.",
        RestartAction.MAINTENANCE: (
            f"It is left off. Until {utc(until) if until else 'an unknown time'} nothing is started,"
            " and nobody starts it when that time is over: start it yourself."
        ),
        RestartAction.NOT_PERMITTED: "The trail is not among those that this function is to start.",
        RestartAction.UNREADABLE_TRAIL: f"Nobody can tell which trail: {quote(stop.named, 300)} is no name of a trail.",
        RestartAction.LIMIT_REACHED: (
            f"It was started {outcome.number} times within an hour, and somebody stops it again and again."
            " This function does not fight: somebody must look now."
            " Further stops are told every ten minutes at most."
        ),
        RestartAction.STOPPED_AGAIN: f"This function started it, and CloudTrail says that it is off.{number}",
        RestartAction.FAILED: f"It could not be started: {refused}",
        RestartAction.UNFINISHED: f"{refused} It is retried within minutes; if nothing follows here, it is off.",
    }[outcome.did]


def _reason(refusal: str) -> str:
    found = next((reason for name, reason in _REASONS.items() if refusal.startswith(name)), None)
    return f", {found}" if found else ""


def _elsewhere(stop: StopEvent, outcome: Outcome, account: str, quote: Quote) -> list[str]:
    """Return why a trail of another account is not this function's to start, and whose it is."""
    trail = stop.trail
    if (
        trail is None
        or trail.account == account
        or outcome.did not in (RestartAction.NOT_PERMITTED, RestartAction.FAILED)
    ):
        return []
    owner = (
        f"It belongs to account {quote(trail.account, 20)}, as an organisation's trail does to the management account:"
    )
    return [f"{owner} only that account, or a delegated administrator, can start it."]


def _caveats(outcome: Outcome, table_problem: str | None, quote: Quote) -> list[str]:
    notes = []
    if outcome.maintenance_problem:
        notes.append(f"The maintenance parameter was not heeded: it {plain(outcome.maintenance_problem, 150)}.")
    if table_problem:
        notes.append(f"The state table cannot be used ({quote(table_problem, 80)}), so starts are not counted.")
    return notes


def _is_off(outcome: Outcome) -> bool:
    return outcome.did in LEFT_STOPPED or outcome.did in (
        RestartAction.MAINTENANCE,
        RestartAction.NOT_PERMITTED,
        RestartAction.UNFINISHED,
    )


def _fields(stop: StopEvent) -> list[str]:
    event = stop.event
    where = [f"IP {code(event.text('sourceIPAddress') or 'unknown', 100)}"]
    if agent := event.text("userAgent"):
        where.append(f"client {code(agent, 90)}")
    trail = [code(stop.trail.name if stop.trail else stop.named, 150)]
    if stop.trail:
        trail.append(f"in {code(stop.trail.region, 60)}, account {code(stop.trail.account, 20)}")
    who = [code(event.actor.label, 200), *([code(event.actor.arn, 300)] if event.actor.arn else [])]
    return [
        "\n".join(["*Trail*", *trail]),
        "\n".join(["*Who stopped it*", *who]),
        "\n".join(["*From*", *where]),
        f"*When*\n{both_zones(event.time, event.text('eventTime'))}",
    ]


def _identifiers(event: Event) -> str:
    address = link(event_link(event.region, event.event_id), ":mag: Show event in CloudTrail")
    identifiers = [
        f"account {code(event.account or 'unknown', 20)}",
        f"region {code(event.region or 'unknown', 60)}",
        f"event {code(event.event_id or 'without id', 100)}",
    ]
    return " · ".join(filter(None, [address, *identifiers]))


def _facts(stop: StopEvent) -> list[str]:
    """Return the facts for a lock screen, and for where Slack refuses blocks: without markup."""
    event, trail = stop.event, stop.trail
    where = f"{trail.name}, {trail.region}, account {trail.account}" if trail else stop.named
    address = plain(event.text("sourceIPAddress") or "unknown", 100)
    when = utc(event.time) if event.time else plain(event.text("eventTime") or "unknown", 60)
    return [
        f"trail {plain(where, 300)}",
        f"stopped by {plain(event.actor.label, 200)} from {address} at {when}",
        f"event {plain(event.event_id or 'without id', 100)}",
    ]
