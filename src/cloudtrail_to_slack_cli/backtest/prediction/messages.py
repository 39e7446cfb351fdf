"""The messages that a channel receives, and how each alert arrives there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack_cli.backtest.prediction.rows import AlertRow


class Form(Enum):
    """The forms in which an alert reaches a destination, or why it does not."""

    MESSAGE = "message"
    REPLY = "reply"
    SUMMARY = "summary"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Message:
    """A message about `rows`, one alert or those of a summary.

    `form` is where it stands: in the channel, in a thread, or it is the first message of a summary. `parent_day` is the
    day of the message that it is the first reply to, None where it is not the first.
    """

    target: Target
    form: Form
    rows: Sequence[AlertRow]
    parent_day: str | None = None
