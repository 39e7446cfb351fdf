"""Previews: what would be sent about an event, and where to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.destinations.sns.render import SnsMessage, alert_to_sns
from cloudtrail_to_slack_cli.decisions import EventDecision, decide, slack_message

# Source: Slack API docs, "Block Kit Builder": a message in the fragment of its address.
_BUILDER = "https://app.slack.com/block-kit-builder/#"


@dataclass(frozen=True, slots=True)
class Preview:
    """An event (`name` says which), what the rules decide, and the messages; without messages no rule matches.

    Where the bot posts, the details of `slack` are a reply in its thread; otherwise they are at its end.
    """

    name: str
    record: Mapping[str, Any]
    decision: EventDecision
    channel: str | None
    slack: SlackMessage | None
    sns: SnsMessage | None

    @property
    def note(self) -> str | None:
        """Why nothing is sent, or what it takes for it to be sent; None for an alert that is sent at once."""
        if ignored_by := self.decision.ignored_by:
            reason = f": {ignored_by.reason}" if ignored_by.reason else ""
            return f"not sent, because {ignored_by.name} ignores it{reason}"
        if self.decision.word != "alert":
            return "not sent, because no rule matches"
        return "; ".join(self.decision.thresholds) or None

    @property
    def builder_url(self) -> str | None:
        """The address that opens the message in Slack's Block Kit Builder."""
        if self.slack is None:
            return None
        document = json.dumps({"blocks": self.slack.blocks}, ensure_ascii=False, separators=(",", ":"))
        return f"{_BUILDER}{quote(document, safe='')}"


def preview(config: Config, name: str, record: Mapping[str, Any]) -> Preview:
    """Return the preview of a record.

    Raises:
        CommandError: it is not a record that the function could read.
    """
    decision = decide(config, record)
    alert = decision.alert
    slack = slack_message(alert, config) if alert else None
    channel = config.slack.for_account(decision.event.account, alert.severity if alert else None)
    return Preview(
        name=name,
        record=record,
        decision=decision,
        channel=channel,
        slack=slack.whole if slack and channel is None else slack,
        sns=alert_to_sns(alert, key="") if alert else None,
    )
