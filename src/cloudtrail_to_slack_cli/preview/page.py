"""The page of previews: the channels as Slack shows them, light and dark, wide and narrow, with each event beside."""

import json
from collections.abc import Sequence
from typing import Final

from cloudtrail_to_slack_cli.preview.previews import Preview
from cloudtrail_to_slack_cli.slack_display.blocks import render_blocks
from cloudtrail_to_slack_cli.slack_display.mrkdwn import render_verbatim
from cloudtrail_to_slack_cli.slack_display.style import DARK, LIGHT, STYLE

_THEMES: Final = (
    f":root[data-theme=light]{{color-scheme:light;{LIGHT.strip()}}}"
    f":root[data-theme=dark]{{color-scheme:dark;{DARK.strip()}}}"
)
_OWN_STYLE: Final = """
.controls{display:flex;flex-wrap:wrap;gap:8px;margin:0 0 12px}
.controls button{font:inherit;font-size:13px;font-weight:700;color:var(--text);background:var(--button);
border:1px solid var(--code-line);border-radius:8px;padding:2px 12px;cursor:pointer}
.controls button[aria-pressed=true]{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link)}
.pair{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:0 8px;border-top:1px solid var(--line)}
.pair:first-child{border-top:0}
.pair details{padding:8px 12px 8px 0;font-size:13px}
.pair summary{color:var(--soft)}
.pair pre,.message pre{max-height:none}
.note{margin:0;padding:8px 20px 0 64px;font-weight:700}
.problem{white-space:pre-wrap;margin:0;padding:12px 20px}
.phone .app{max-width:760px}
.phone .pair{display:block}
.phone .message,.phone .note{max-width:390px}
.phone .note{padding-left:20px}
.phone .message .section{flex-wrap:wrap}
@media (max-width:760px){.pair{display:block}.pair details{padding:0 12px 8px}.note{padding-left:12px}}
"""
# Keeps what was chosen over a reload, and reloads when a file has changed.
_SCRIPT: Final = """
"use strict";
const root = document.documentElement;
const kept = (name) => sessionStorage.getItem(name) || "";
const apply = () => {
  if (kept("theme")) root.dataset.theme = kept("theme"); else delete root.dataset.theme;
  root.classList.toggle("phone", kept("width") === "phone");
  for (const button of document.querySelectorAll("button[data-name]"))
    button.setAttribute("aria-pressed", String(kept(button.dataset.name) === button.dataset.value));
};
for (const button of document.querySelectorAll("button[data-name]"))
  button.addEventListener("click", () => {
    sessionStorage.setItem(button.dataset.name, button.dataset.value);
    apply();
  });
apply();
setInterval(async () => {
  try {
    const answer = await fetch("/version", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== root.dataset.version) location.reload();
  } catch { /* the command has ended */ }
}, 700);
"""
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
        shown = f'<h2>This cannot be shown</h2><p class="problem">{_escape(problem)}</p>'
        main = f'<section class="section-of-page">{shown}</section>'
    links = "".join(
        f'<li><a href="#channel-{number}">{_escape(channel)}</a></li>' for number, channel in enumerate(by_channel, 1)
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en" data-version="{_escape(version)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>Preview of alerts</title><style>{STYLE}{_THEMES}{_OWN_STYLE}</style></head><body>"
        '<div class="app"><header class="sidebar"><h1>Preview of alerts</h1>'
        "<p>As Slack shows them. The page reloads when a rule or an event changes.</p>"
        f'<div class="controls" role="group" aria-label="Appearance">{_buttons()}</div>'
        f'<nav aria-label="Channels"><ul>{links}</ul></nav></header>'
        f'<main class="main">{main}</main></div><script nonce="{_escape(nonce)}">{_SCRIPT}</script></body></html>\n'
    )


def _buttons() -> str:
    return "".join(
        f'<button type="button" data-name="{name}" data-value="{value}" aria-pressed="false">{label}</button>'
        for name, value, label in _CONTROLS
    )


def _channel(number: int, channel: str, previews: Sequence[Preview]) -> str:
    pairs = "".join(map(_pair, previews))
    return (
        f'<section class="section-of-page" id="channel-{number}"><h2>{_escape(channel)}</h2>'
        f'<div class="messages">{pairs}</div></section>'
    )


def _pair(preview: Preview) -> str:
    note = f'<p class="note">{_escape(preview.note)}</p>' if preview.note else ""
    event = json.dumps(preview.record, indent=2, ensure_ascii=False)
    link = (
        f'<p><a href="{_escape(preview.builder_url)}">Open in Block Kit Builder</a></p>' if preview.builder_url else ""
    )
    sns = ""
    if preview.sns:
        body = json.dumps(json.loads(preview.sns.body), indent=2, ensure_ascii=False)
        sns = f"<details><summary>SNS message</summary><pre>{_escape(body)}</pre></details>"
    return (
        f'<div class="pair"><div>{note}{_message(preview)}</div>'
        f"<div><details open><summary>{_escape(preview.name)}</summary><pre>{_escape(event)}</pre></details>"
        f"{sns}<details><summary>Block Kit</summary>{link}</details></div></div>"
    )


def _message(preview: Preview) -> str:
    if preview.slack is None:
        return ""
    time = preview.decision.event.time
    shown = f'<time class="time" datetime="{time:%Y-%m-%dT%H:%M:%SZ}">{time:%H:%M}</time>' if time else ""
    return (
        '<article class="message"><div class="avatar" aria-hidden="true">🛰️</div><div class="body">'
        f'<div class="who"><span class="name">CloudTrail to Slack</span><span class="badge">APP</span>{shown}</div>'
        f'<div class="content">{render_blocks(preview.slack.blocks)}</div></div></article>'
    )


def _escape(text: str) -> str:
    return render_verbatim(text)
