"""The page of previews: the channels as Slack shows them, light and dark, wide and narrow, with each event beside."""

import json
from collections.abc import Sequence
from typing import Final

from cloudtrail_to_slack_cli.preview.previews import Preview
from cloudtrail_to_slack_cli.slack_display.blocks import render_message, render_replies
from cloudtrail_to_slack_cli.slack_display.mrkdwn import render_verbatim as escape
from cloudtrail_to_slack_cli.slack_display.style import STYLE, THEMES, asset

_CONTROLS: Final = (
    ("theme", "", "As the device"),
    ("theme", "light", "Light"),
    ("theme", "dark", "Dark"),
    ("width", "", "Wide"),
    ("width", "phone", "Phone"),
)


def render_page(previews: Sequence[Preview], version: str, nonce: str, problem: str | None = None) -> str:
    """Return the page; `problem` is shown instead of previews. `nonce` is what allows the page's own script."""
    by_channel: dict[str, list[Preview]] = {}
    for each in previews:
        by_channel.setdefault(each.channel or "Slack", []).append(each)
    if problem is None:
        main = "".join(_channel(number, *each) for number, each in enumerate(by_channel.items(), 1))
    else:
        shown = f'<h2>This cannot be shown</h2><p class="problem">{escape(problem)}</p>'
        main = f'<section class="section-of-page">{shown}</section>'
    links = "".join(
        f'<li><a href="#channel-{number}">{escape(channel)}</a></li>' for number, channel in enumerate(by_channel, 1)
    )
    style, script = STYLE + THEMES + asset(__package__, "page.css"), asset(__package__, "page.js")
    return (
        f'<!DOCTYPE html>\n<html lang="en" data-version="{escape(version)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>Preview of alerts</title><style>{style}</style></head><body>"
        '<div class="app"><header class="sidebar"><h1>Preview of alerts</h1>'
        "<p>As Slack shows them. The page reloads when a rule or an event changes.</p>"
        f'<div class="controls" role="group" aria-label="Appearance">{_buttons()}</div>'
        f'<nav aria-label="Channels"><ul>{links}</ul></nav></header>'
        f'<main class="main">{main}</main></div><script nonce="{escape(nonce)}">{script}</script></body></html>\n'
    )


def _buttons() -> str:
    return "".join(
        f'<button type="button" data-name="{name}" data-value="{value}" aria-pressed="false">{label}</button>'
        for name, value, label in _CONTROLS
    )


def _channel(number: int, channel: str, previews: Sequence[Preview]) -> str:
    pairs = "".join(map(_pair, previews))
    return (
        f'<section class="section-of-page" id="channel-{number}"><h2>{escape(channel)}</h2>'
        f'<div class="messages">{pairs}</div></section>'
    )


def _pair(preview: Preview) -> str:
    note = f'<p class="note">{escape(preview.note)}</p>' if preview.note else ""
    event = json.dumps(preview.record, indent=2, ensure_ascii=False)
    link = (
        f'<p><a href="{escape(preview.builder_url)}">Open in Block Kit Builder</a></p>' if preview.builder_url else ""
    )
    sns = ""
    if preview.sns:
        body = json.dumps(json.loads(preview.sns.body), indent=2, ensure_ascii=False)
        sns = f"<details><summary>SNS message</summary><pre>{escape(body)}</pre></details>"
    return (
        f'<div class="pair"><div>{note}{_message(preview)}</div>'
        f"<div><details open><summary>{escape(preview.name)}</summary><pre>{escape(event)}</pre></details>"
        f"{sns}<details><summary>Block Kit</summary>{link}</details></div></div>"
    )


def _message(preview: Preview) -> str:
    if preview.slack is None:
        return ""
    time = preview.decision.event.time
    shown = f'<time class="time" datetime="{time:%Y-%m-%dT%H:%M:%SZ}">{time:%H:%M}</time>' if time else ""
    message = render_message(preview.slack.blocks, shown)
    if not preview.slack.details:
        return message
    return message + render_replies(render_message(preview.slack.details, shown), "1 reply")
