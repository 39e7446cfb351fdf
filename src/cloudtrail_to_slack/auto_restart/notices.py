"""The notice about a trail that was stopped: what was done about it, or why nothing was. Pure."""

from cloudtrail_to_slack.alerts.notice import Notice, Section
from cloudtrail_to_slack.alerts.remediation import start_logging_command
from cloudtrail_to_slack.alerts.text import Icon, Line, Link, Time, Value, utc
from cloudtrail_to_slack.auto_restart.outcomes import LEFT_STOPPED, Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.stop_events import StopEvent
from cloudtrail_to_slack.aws.console_links import event_link
from cloudtrail_to_slack.events.event import parse_time

# Source: AWS CloudTrail API Reference, StartLogging, "Errors".
_REASONS = {
    "AccessDenied": "the function's role may not start it; perhaps a policy of the organization forbids it",
    "TrailNotFoundException": "the trail no longer exists: was it deleted?",
    "InvalidHomeRegionException": "it must be started in the region where it was created",
    "NotOrganizationMasterAccountException": "it is an organization trail, which only the management account may start",
}
_OFF = (Icon.ALARM, "CloudTrail logging is OFF")
_TITLES = {
    RestartAction.RESTARTED: (Icon.RESTARTED, "CloudTrail logging was stopped and is on again"),
    RestartAction.ALREADY_LOGGING: (Icon.OK, "CloudTrail logging was stopped, but is on"),
    RestartAction.MAINTENANCE: (Icon.MAINTENANCE, "CloudTrail logging was stopped during maintenance"),
    RestartAction.UNFINISHED: (Icon.WAITING, "CloudTrail logging was stopped and could not be restarted yet"),
    RestartAction.LIMIT_REACHED: (Icon.ALARM, "CloudTrail logging is OFF and will not be restarted"),
    RestartAction.NOT_PERMITTED: (Icon.WARNING, "CloudTrail logging was stopped and is left off"),
}
_IS_OFF = LEFT_STOPPED | {RestartAction.MAINTENANCE, RestartAction.NOT_PERMITTED, RestartAction.UNFINISHED}


def restart_notice(stop: StopEvent, outcome: Outcome, *, most: int, account: str, table_problem: str | None) -> Notice:
    """Return the notice; `most` is the limit of restarts per hour, `account` the function's own account."""
    icon, title = _TITLES.get(outcome.action, _OFF)
    event, trail = stop.event, stop.trail
    what = [_what(stop, outcome, most)]
    cannot_start = outcome.action in (RestartAction.NOT_PERMITTED, RestartAction.FAILED)
    if trail and trail.account != account and cannot_start:
        who = ": only that account, or a delegated"
        what.append(("It belongs to account ", Value(trail.account, 20), f"{who} administrator, can start it."))
    if outcome.maintenance_problem:
        what.append(("The maintenance parameter was ignored: it ", Value(outcome.maintenance_problem, 150), "."))
    if table_problem:
        what.append(("The state table cannot be used (", Value(table_problem, 80), "), so restarts are not counted."))
    sections = [Section(tuple(what)), Section(fields=_fields(stop))]
    if outcome.action in _IS_OFF and trail:
        sections.append(Section(heading=(Icon.REMEDIATION, " To start it"), code=(start_logging_command(trail),)))
    address = event_link(event.region, event.event_id)
    link: tuple[Line, ...] = ((Link(address, "Show event in CloudTrail", Icon.SEARCH),),) if address else ()
    identifiers: Line = (
        "account ", Value(event.account or "unknown", 20), " · region ", Value(event.region or "unknown", 60),
        " · event ", Value(event.event_id or "without id", 100),
    )  # fmt: skip
    return Notice(
        title, tuple(sections), (icon,), brief=(*_lock_screen_facts(stop), *what), footnotes=(*link, identifiers)
    )


def _what(stop: StopEvent, outcome: Outcome, most: int) -> Line:
    number = f" That was restart {outcome.number} of at most {most} within an hour." if outcome.number else ""
    code = outcome.code or "nothing"
    reason = next((f"; {reason}" for name, reason in _REASONS.items() if code.startswith(name)), "")
    rejected: Line = ("CloudTrail answered ", Value(code, 80), f"{reason}.")
    end = parse_time(outcome.until)
    lines: dict[RestartAction, Line] = {
        RestartAction.RESTARTED: (f"This function started it.{number}",),
        RestartAction.ALREADY_LOGGING: (
            "It was already on when this function checked. It was started anyway, to be sure.",
        ),
        RestartAction.MAINTENANCE: (
            f"It is left off. Trails are not started until {utc(end) if end else 'an unknown time'}, ",
            "and this one is not started automatically after that: start it yourself.",
        ),
        RestartAction.NOT_PERMITTED: ("This function is not configured to start this trail.",),
        RestartAction.UNREADABLE_TRAIL: (
            "The trail cannot be identified: ", Value(stop.named, 300), " is not a trail name.",
        ),
        RestartAction.LIMIT_REACHED: (
            f"It was started {outcome.number} times within an hour and is stopped again and again. ",
            "This function gives up, so check the trail now. Further stops are reported at most every ten minutes.",
        ),
        RestartAction.STOPPED_AGAIN: (f"This function started it, but CloudTrail says that it is off.{number}",),
        RestartAction.FAILED: ("It could not be started: ", *rejected),
        RestartAction.UNFINISHED: (
            *rejected, " The function retries within minutes; if no message follows, the trail is off.",
        ),
    }  # fmt: skip
    return lines[outcome.action]


def _fields(stop: StopEvent) -> dict[str, list[Line]]:
    event, trail, agent = stop.event, stop.trail, stop.event.text("userAgent")
    where: Line = ("in ", Value(trail.region, 60), ", account ", Value(trail.account, 20)) if trail else ()
    arn: Line = (Value(event.actor.arn, 300),) if event.actor.arn else ()
    client: Line = ("client ", Value(agent, 90)) if agent else ()
    fields: dict[str, list[Line]] = {
        "Trail": [(Value(trail.name if trail else stop.named, 150),), where],
        "Who stopped it": [(Value(event.actor.label, 200),), arn],
        "From": [("IP ", Value(event.text("sourceIPAddress") or "unknown", 100)), client],
        "When": [(Time(event.time, event.text("eventTime")),)],
    }
    return {label: list(filter(None, lines)) for label, lines in fields.items()}


def _lock_screen_facts(stop: StopEvent) -> list[Line]:
    event, trail = stop.event, stop.trail
    where = f"{trail.name}, {trail.region}, account {trail.account}" if trail else stop.named
    when = utc(event.time) if event.time else event.text("eventTime") or "unknown"
    address = event.text("sourceIPAddress") or "unknown"
    return [
        ("trail ", Value(where, 300)),
        ("stopped by ", Value(event.actor.label), " from ", Value(address, 100), " at ", Value(when, 60)),
        ("event ", Value(event.event_id or "without id", 100)),
    ]
