"""What the bot and the webhooks share: messages in several sizes, and the message limit."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.destinations.base import Destination, MessageLimit, Sizes, Summary
from cloudtrail_to_slack.destinations.slack.errors import FIXES
from cloudtrail_to_slack.destinations.slack.render.alert import alert_sizes
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, with_warning
from cloudtrail_to_slack.destinations.slack.render.notice import notice_sizes
from cloudtrail_to_slack.destinations.slack.render.summary import (
    ALERTS_IN_ONE_MESSAGE,
    SummaryPart,
    notice_summary,
    summary,
)
from cloudtrail_to_slack.errors import DestinationMisconfiguredError
from cloudtrail_to_slack.rules import Severity


class SlackDestination(Destination[SlackMessage]):
    """Base of the bot and the webhooks. For the methods see `Destination`."""

    fixes = FIXES

    def __init__(self, limit: int) -> None:
        self.limit = message_limit(limit)

    def render_alert(self, alert: Alert, *, dedup_key: str, warning: Line | None) -> Sizes[SlackMessage]:  # noqa: ARG002 (Slack has no use for it)
        """Return an alert in several sizes."""
        return alert_sizes(alert, self._user_group(alert), warning)

    def render_reply(self, alert: Alert, warning: Line | None) -> Sizes[SlackMessage]:
        """Return an alert for a thread in several sizes."""
        return alert_sizes(alert, self._user_group(alert), warning, is_reply=True)

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[SlackMessage]:
        """Return a notice in several sizes."""
        return notice_sizes(notice, warning)

    def _user_group(self, alert: Alert) -> str | None:
        """Return the user group that a critical alert mentions, even if it goes to the default route."""
        if alert.severity is not Severity.CRITICAL:
            return None
        try:
            return self.routes().mention(alert.event.account, alert.severity)
        except DestinationMisconfiguredError:
            return None


def message_body(message: SlackMessage) -> dict[str, Any]:
    """Return the JSON body of a message; Slack must not turn anything in it into a link or a mention."""
    shown = {"blocks": message.blocks} if message.blocks else {"mrkdwn": False}
    return {"text": message.text, **shown, "parse": "none", "unfurl_links": False, "unfurl_media": False}


def message_limit(per_invocation: int) -> MessageLimit[SlackMessage]:
    """Return the message limit of a channel."""
    return MessageLimit(
        per_invocation,
        ALERTS_IN_ONE_MESSAGE,
        lambda alerts, warning: _summaries(summary(alerts), warning),
        lambda notices, warning: _summaries(notice_summary(notices), warning),
    )


def _summaries(parts: Sequence[SummaryPart], warning: Line | None) -> Sequence[Summary[SlackMessage]]:
    """Return the parts of a summary in two sizes each, the first with the warning."""
    return [
        Summary(
            [
                partial(with_warning, part.message, None if number else warning),
                partial(with_warning, part.fallback, None),
            ],
            part.members,
        )
        for number, part in enumerate(parts)
    ]
