"""Slack messages in their sizes, the largest first, and the summaries of what exceeds a channel's message limit."""

from collections.abc import Callable, Sequence
from functools import partial

from cloudtrail_to_slack.alerts.alert import Alert, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.destinations.base import MessageLimit, Sizes, Summary
from cloudtrail_to_slack.destinations.slack.render.alert import (
    alert_message,
    compact_message,
    minimal_message,
    plain_message,
    reply_message,
)
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, with_warning
from cloudtrail_to_slack.destinations.slack.render.notice import (
    bare_notice,
    notice_message,
    notice_summary,
    plain_notice,
)
from cloudtrail_to_slack.destinations.slack.render.summary import ALERTS_IN_ONE_MESSAGE, summary
from cloudtrail_to_slack.destinations.slack.render.summary_parts import SummaryPart


def alert_sizes(alert: Alert, warning: Line | None) -> Sizes[SlackMessage]:
    """Return what makes an alert's messages: whole, compact, without blocks, or one bare line."""
    # The last stays bare: there must be nothing in it to reject.
    makes = (alert_message, compact_message, plain_message)
    return [*(partial(_warned, make, alert, warning) for make in makes), partial(minimal_message, alert)]


def reply_sizes(alert: Alert, warning: Line | None) -> Sizes[SlackMessage]:
    """Return what makes the messages of an alert in a thread."""
    makes = (reply_message, plain_message)
    return [*(partial(_warned, make, alert, warning) for make in makes), partial(minimal_message, alert)]


def notice_sizes(notice: Notice, warning: Line | None) -> Sizes[SlackMessage]:
    """Return what makes a notice's messages: whole, without blocks, or its beginning as one bare line."""
    return [
        lambda: with_warning(notice_message(notice), warning),
        lambda: with_warning(plain_notice(notice), warning),
        lambda: bare_notice(notice),
    ]


def message_limit(per_invocation: int) -> MessageLimit[SlackMessage]:
    """Return a channel's limit of so many messages."""

    def alerts(pending: Sequence[PendingAlert], warning: Line | None) -> Sequence[Summary[SlackMessage]]:
        return _summaries(summary(pending), warning)

    def notices(each: Sequence[Notice], warning: Line | None) -> Sequence[Summary[SlackMessage]]:
        return _summaries(notice_summary(each), warning)

    return MessageLimit(per_invocation, ALERTS_IN_ONE_MESSAGE, alerts, notices)


def _summaries(parts: Sequence[SummaryPart], warning: Line | None) -> Sequence[Summary[SlackMessage]]:
    return [
        Summary(
            [partial(with_warning, part.message, None if number else warning), partial(_same, part.fallback)],
            part.members,
        )
        for number, part in enumerate(parts)
    ]


def _same(message: SlackMessage) -> SlackMessage:
    return message


def _warned(make: Callable[[Alert], SlackMessage], alert: Alert, warning: Line | None) -> SlackMessage:
    return with_warning(make(alert), warning)
