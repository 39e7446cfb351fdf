"""Lines of alerts and notices in Slack's markup."""

from cloudtrail_to_slack.alerts.text import Icon, Line, Link, Time, Value, escape
from cloudtrail_to_slack.destinations.slack.render.text import code, link, word
from cloudtrail_to_slack.destinations.slack.render.time import both_zones

_ICONS = {
    Icon.ALARM: ":rotating_light:",
    Icon.BROKEN: ":broken_heart:",
    Icon.CRITICAL: ":red_circle:",
    Icon.ERROR: ":x:",
    Icon.FILE: ":page_facing_up:",
    Icon.MAINTENANCE: ":construction:",
    Icon.OK: ":white_check_mark:",
    Icon.RECOVERED: ":loud_sound:",
    Icon.REMEDIATION: ":wrench:",
    Icon.REMOVED: ":wastebasket:",
    Icon.REPEATED: ":repeat:",
    Icon.RESTARTED: ":arrows_counterclockwise:",
    Icon.SEARCH: ":mag:",
    Icon.SILENT: ":mute:",
    Icon.STOPPED: ":no_entry:",
    Icon.WAITING: ":hourglass:",
    Icon.WARNING: ":warning:",
}


def mrkdwn_line(line: Line, *, bold: bool = False) -> str:
    """Return a line in Slack's markup: values as code, and our own text in bold if asked for."""
    return "".join(_span(span, bold=bold) for span in line)


def icons(of: tuple[Icon, ...]) -> str:
    """Return icons, as they stand before a headline."""
    return " ".join(_ICONS[icon] for icon in of)


def _span(span: str | Value | Time | Link | Icon, *, bold: bool) -> str:
    match span:
        case Value():
            return word(span.text, span.limit) if span.is_name else code(span.text, span.limit)
        case Time():
            return both_zones(span.time, span.raw)
        case Link():
            return link(span.address, f"{_ICONS[span.icon]} {span.label}") or ""
        case Icon():
            return _ICONS[span]
        case _:
            text = escape(span)
            stripped = text.strip()
            return text.replace(stripped, f"*{stripped}*") if bold and stripped else text
