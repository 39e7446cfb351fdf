"""What the bot and the webhooks share: how messages look, their limit, and what to do about errors."""

from collections.abc import Mapping

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.destinations.base import MessageLimit, Sizes
from cloudtrail_to_slack.destinations.slack.errors import FIXES
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.destinations.slack.render.sizes import alert_sizes, message_limit, notice_sizes


class SlackDestination:
    """The common part of both. For the methods see `Destination`."""

    receives_notices = True
    fixes: Mapping[str, str] = FIXES

    def __init__(self, limit: int) -> None:
        self.limit: MessageLimit[SlackMessage] | None = message_limit(limit)

    def render_alert(self, alert: Alert, *, dedup_key: str, warning: Line | None) -> Sizes[SlackMessage]:  # noqa: ARG002 (Slack has no use for it)
        """Return what makes the messages of an alert."""
        return alert_sizes(alert, warning)

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[SlackMessage]:
        """Return what makes the messages of a notice."""
        return notice_sizes(notice, warning)
