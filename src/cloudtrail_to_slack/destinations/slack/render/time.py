"""Times as Slack shows them: in UTC, and in the reader's own zone."""

from datetime import UTC, datetime

from cloudtrail_to_slack.destinations.slack.render.text import code

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def utc(time: datetime) -> str:
    """Return `2026-03-14 09:30:12 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def both_zones(time: datetime | None, raw: str) -> str:
    """Return the time in UTC and, on a second line, in the reader's zone; `raw` is what stood there if it is no time.

    Source of the `<!date^…>` markup: Slack API docs, "Formatting text for app surfaces", "Date formatting".
    """
    if time is None or not _FIRST <= time <= _LAST:
        return code(raw, 60) if raw else "unknown"
    shown = utc(time)
    return f"{shown}\n<!date^{int(time.timestamp())}^{{date_short_pretty}} {{time_secs}}|{shown}> your time"
