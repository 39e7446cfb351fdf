"""A made-up destination: a pager. This file and one line in the registry are all that it takes."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from cloudtrail_to_slack.alerts.alert import Alert, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line, plain_line
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.destinations.base import Destination, MessageLimit, Services, Sizes, Summary

if TYPE_CHECKING:
    from cloudtrail_to_slack.errors import DeliveryError

NAME = "pager"
SENT: list[tuple[str, str]] = []  # address and text
FAILURES: "list[DeliveryError]" = []  # raised by the next calls
GONE: "dict[str, DeliveryError]" = {}  # raised by every call to an address


class Pager:
    """Pages the engineer on call."""

    name = NAME
    receives_notices = False
    fixes: ClassVar = {"no_such_team": "create the team"}

    def __init__(self, services: Services) -> None:
        self._services = services
        most = services.environment.get("PAGER_LIMIT")
        self.limit = MessageLimit(int(most), 10, _summary, _notices) if most else None

    def routes(self) -> Routes:
        """Return the teams by account."""
        return self._services.routes[NAME]

    def describe(self, address: str) -> str:
        """Name a team."""
        return f"pager of {address}"

    def render_alert(self, alert: Alert, *, dedup_key: str, warning: Line | None) -> Sizes[str]:
        """Return the alert with its key, and the title alone."""
        return [partial(_page, f"{alert.title} [{dedup_key[:8]}] {alert.event.event_id}", warning), lambda: alert.title]

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[str]:
        """Return the notice's title."""
        return [partial(_page, notice.title, warning)]

    def threads(self, _clock: Clock, /) -> None:
        """A pager has no threads."""

    def send(self, address: str, payload: str, *, parent: str | None, timeout: float) -> None:
        """Page a team."""
        assert parent is None
        assert timeout > 0
        if address in GONE:
            raise GONE[address]
        if FAILURES:
            raise FAILURES.pop(0)
        SENT.append((address, payload))


def load(services: Services) -> Destination[str] | None:
    """Return the pager, where teams are configured."""
    return Pager(services) if services.routes.get(NAME) else None


def _page(text: str, warning: Line | None) -> str:
    return f"{plain_line(warning)} {text}" if warning else text


def _summary(alerts: Sequence[PendingAlert], warning: Line | None) -> Sequence[Summary[str]]:
    ids = " ".join(alert.event_id for alert in alerts)
    return [Summary([partial(_page, f"{len(alerts)} more: {ids}", warning)], len(alerts))]


def _notices(notices: Sequence[Notice], warning: Line | None) -> Sequence[Summary[str]]:
    return [Summary([partial(_page, f"{len(notices)} more notices", warning)], len(notices))]
