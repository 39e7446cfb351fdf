"""The HTML page: the story chapter by chapter, each with its messages as Slack shows them, and what SNS received."""

import json
from pathlib import Path

from cloudtrail_to_slack.alerts.text import visible
from cloudtrail_to_slack_dev.demo.arrivals import Arrivals, Inbox
from cloudtrail_to_slack_dev.demo.errors import DemoError
from cloudtrail_to_slack_dev.fake_slack import Attachment, Section, render_page

_TITLE = "CloudTrail to Slack: the demo"
_TEXT = (
    "An intrusion into an organization of three accounts, as its CloudTrail log files show it, and what "
    "cloudtrail-to-slack sends about it. Real log files in a local S3, the real handler, a local Slack. Times are UTC."
)


def prepare(path: Path) -> None:
    """Make the folder for the page, before anything else is done.

    Raises:
        DemoError: the page cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error
    if path.is_dir():
        raise DemoError(f"cannot write the page to {path}: it is a folder")


def write_page(path: Path, inbox: Inbox) -> None:
    """Write the page.

    Raises:
        DemoError: it cannot be written.
    """
    page = render_page(
        inbox.local.slack, title=_TITLE, text=_TEXT, sections=[_section(arrivals) for arrivals in inbox.chapters]
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise _cannot_write(path, error) from error


def _section(arrivals: Arrivals) -> Section:
    chapter = arrivals.chapter
    posted = [(item.channel.id, item.message.ts) for item in arrivals.posted]
    attachments = [
        Attachment(
            f"SNS topic {item.topic.name}: {item.subject}",
            visible(json.dumps(item.body, indent=2, ensure_ascii=False), keep_lines=True),
        )
        for item in arrivals.published
    ]
    return Section(chapter.title, chapter.text, posted, attachments)


def _cannot_write(path: Path, error: OSError) -> DemoError:
    return DemoError(f"cannot write the page to {path}: {error.strerror or error}")
