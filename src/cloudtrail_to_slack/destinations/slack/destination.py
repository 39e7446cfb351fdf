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
        """Return what makes an alert's messages."""
        return alert_sizes(alert, self._user_group(alert), warning)

    def render_reply(self, alert: Alert, warning: Line | None) -> Sizes[SlackMessage]:
        """Return what makes the messages of an alert in a thread."""
        return alert_sizes(alert, self._user_group(alert), warning, is_reply=True)

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[SlackMessage]:
        """Return what makes a notice's messages."""
        return notice_sizes(notice, warning)

    def _user_group(self, alert: Alert) -> str | None:
        """Return the user group that a critical alert mentions, wherever it is sent."""
        if alert.severity is not Severity.CRITICAL:
            return None
        try:
            return self.routes().mention(alert.event.account, alert.severity)
        except DestinationMisconfiguredError:
            return None


def message_body(message: SlackMessage) -> dict[str, Any]:
    """Return what is posted of a message, whichever way: nothing in it is made a link or a mention."""
    shown = {"blocks": message.blocks} if message.blocks else {"mrkdwn": False}
    return {"text": message.text, **shown, "parse": "none", "unfurl_links": False, "unfurl_media": False}


def message_limit(per_invocation: int) -> MessageLimit[SlackMessage]:
    """Return a channel's limit of so many messages."""
    return MessageLimit(
        per_invocation,
        ALERTS_IN_ONE_MESSAGE,
        lambda alerts, warning: _summaries(summary(alerts), warning),
        lambda notices, warning: _summaries(notice_summary(notices), warning),
    )


def _summaries(parts: Sequence[SummaryPart], warning: Line | None) -> Sequence[Summary[SlackMessage]]:
    """Return the parts of a summary in two sizes, the first part with the warning."""
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
