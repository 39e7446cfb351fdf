"""A stand-in for Slack: a real HTTP server on this machine that answers, and refuses, as Slack does."""

from cloudtrail_to_slack_dev.slack_standin.faults import (
    AcceptedThenDropped,
    Dropped,
    Fault,
    HttpStatus,
    Pace,
    RateLimited,
    SlackError,
)
from cloudtrail_to_slack_dev.slack_standin.limits import violation
from cloudtrail_to_slack_dev.slack_standin.page import Attachment, Section, render_page
from cloudtrail_to_slack_dev.slack_standin.records import Call, Channel, Message, Thread
from cloudtrail_to_slack_dev.slack_standin.server import SlackStandIn

__all__ = [
    "AcceptedThenDropped",
    "Attachment",
    "Call",
    "Channel",
    "Dropped",
    "Fault",
    "HttpStatus",
    "Message",
    "Pace",
    "RateLimited",
    "Section",
    "SlackError",
    "SlackStandIn",
    "Thread",
    "render_page",
    "violation",
]
