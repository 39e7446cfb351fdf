"""The HTML page: every channel as Slack shows it, and what the topics received."""

import json
from collections.abc import Sequence
from pathlib import Path

from cloudtrail_to_slack.messages.slack_text import visible
from cloudtrail_to_slack_dev.demo.arrivals import Arrivals, Published
from cloudtrail_to_slack_dev.demo.errors import DemoError
from cloudtrail_to_slack_dev.demo.scene import Scene, Topic
from cloudtrail_to_slack_dev.slack_standin import Section, render_page

_TITLE = "CloudTrail to Slack: the demo"


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


def write_page(path: Path, scene: Scene, arrivals: Arrivals) -> None:
    """Write the page.

    Raises:
        DemoError: it cannot be written.
    """
    extras = [_section(topic, arrivals.published) for topic in scene.topics]
    try:
        path.write_text(render_page(scene.slack, title=_TITLE, extras=extras), encoding="utf-8")
    except OSError as error:
        raise _cannot_write(path, error) from error


def _section(topic: Topic, published: Sequence[Published]) -> Section:
    entries = [
        (item.subject, visible(json.dumps(item.body, indent=2, ensure_ascii=False), keep_lines=True))
        for item in published
        if item.topic == topic
    ]
    return Section(f"SNS topic {topic.name}", entries)


def _cannot_write(path: Path, error: OSError) -> DemoError:
    return DemoError(f"cannot write the page to {path}: {error.strerror or error}")
