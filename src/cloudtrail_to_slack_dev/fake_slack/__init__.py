"""A fake Slack: a real HTTP server on this machine that answers, and refuses, as Slack does."""

from cloudtrail_to_slack_dev.fake_slack.faults import (
    AcceptedThenDropped,
    Dropped,
    Fault,
    HttpStatus,
    Pace,
    RateLimited,
    SlackError,
)
from cloudtrail_to_slack_dev.fake_slack.limits import violation
from cloudtrail_to_slack_dev.fake_slack.page import Attachment, Section, render_page
from cloudtrail_to_slack_dev.fake_slack.records import Call, Channel, Message, Thread
from cloudtrail_to_slack_dev.fake_slack.server import FakeSlack

__all__ = [
    "AcceptedThenDropped",
    "Attachment",
    "Call",
    "Channel",
    "Dropped",
    "FakeSlack",
    "Fault",
    "HttpStatus",
    "Message",
    "Pace",
    "RateLimited",
    "Section",
    "SlackError",
    "Thread",
    "render_page",
    "violation",
]
