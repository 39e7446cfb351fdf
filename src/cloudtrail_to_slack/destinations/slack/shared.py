"""What the bot and the webhooks share: messages in their sizes, their limit, and what to do about errors."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.destinations.base import MessageLimit, Sizes, Summary
from cloudtrail_to_slack.destinations.slack.errors import FIXES
from cloudtrail_to_slack.destinations.slack.render.alert import (
    alert_message,
    compact_message,
    minimal_message,
    plain_message,
    reply_message,
)
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, mention, with_mention, with_warning
from cloudtrail_to_slack.destinations.slack.render.notice import (
    bare_notice,
    notice_message,
    notice_summary,
    plain_notice,
)
from cloudtrail_to_slack.destinations.slack.render.summary import ALERTS_IN_ONE_MESSAGE, SummaryPart, summary
from cloudtrail_to_slack.errors import DestinationMisconfiguredError
from cloudtrail_to_slack.rules import Severity


class SlackDestination:
    """The common part of both. For the methods see `Destination`."""

    receives_notices = True
    fixes: Mapping[str, str] = FIXES

    def __init__(self, limit: int) -> None:
        self.limit: MessageLimit[SlackMessage] | None = message_limit(limit)

    def routes(self) -> Routes:
        """Return the addresses by account."""
        raise NotImplementedError

    def render_alert(self, alert: Alert, *, dedup_key: str, warning: Line | None) -> Sizes[SlackMessage]:  # noqa: ARG002 (Slack has no use for it)
        """Return what makes an alert's messages: whole, compact, without blocks, or one bare line."""
        return self._sizes(alert, (alert_message, compact_message, plain_message), warning)

    def render_reply(self, alert: Alert, warning: Line | None) -> Sizes[SlackMessage]:
        """Return what makes the messages of an alert in a thread."""
        return self._sizes(alert, (reply_message, plain_message), warning)

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[SlackMessage]:
        """Return what makes a notice's messages: whole, without blocks, or its beginning as one bare line."""
        return [
            lambda: with_warning(notice_message(notice), warning),
            lambda: with_warning(plain_notice(notice), warning),
            lambda: bare_notice(notice),
        ]

    def _sizes(
        self, alert: Alert, makes: Sequence[Callable[[Alert], SlackMessage]], warning: Line | None
    ) -> Sizes[SlackMessage]:
        group = self._user_group(alert)

        def finished(make: Callable[[Alert], SlackMessage]) -> SlackMessage:
            return with_warning(with_mention(make(alert), group), warning)

        def bare() -> SlackMessage:  # but for the mention there must be nothing in it to reject
            message = minimal_message(alert)
            return SlackMessage(f"{mention(group)} {message.text}") if group else message

        return [*(partial(finished, make) for make in makes), bare]

    def _user_group(self, alert: Alert) -> str | None:
        """Return the user group that a critical alert mentions, wherever it is sent."""
        if alert.severity is not Severity.CRITICAL:
            return None
        try:
            return self.routes().mention(alert.event.account, alert.severity)
        except DestinationMisconfiguredError:
            return None


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

    def sizes(part: SummaryPart, warning: Line | None) -> Sizes[SlackMessage]:
        return [lambda: with_warning(part.message, warning), lambda: part.fallback]

    return [Summary(sizes(part, None if number else warning), part.members) for number, part in enumerate(parts)]
