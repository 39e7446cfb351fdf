"""Block Kit blocks as HTML."""

import html
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from cloudtrail_to_slack_cli.slack_display.emoji import EMOJI
from cloudtrail_to_slack_cli.slack_display.mrkdwn import (
    render_link,
    render_mention,
    render_mrkdwn,
    render_plain,
    render_text,
    render_verbatim,
)

JsonObject: TypeAlias = dict[str, Any]

_STYLES: Final = {"bold": "strong", "italic": "em", "strike": "s", "code": "code"}


def render_blocks(blocks: Iterable[JsonObject]) -> str:
    """Blocks that Slack has accepted, as an HTML fragment."""
    return "".join(map(_block, blocks))


def render_message(blocks: Iterable[JsonObject], time: str) -> str:
    """A message of the app as an HTML fragment; `time` is HTML already."""
    return (
        '<article class="message"><div class="avatar" aria-hidden="true">🛰️</div><div class="body">'
        f'<div class="who"><span class="name">CloudTrail to Slack</span><span class="badge">APP</span>{time}</div>'
        f'<div class="content">{render_blocks(blocks)}</div></div></article>'
    )


def render_replies(replies: str, counted: str) -> str:
    """The replies to a message, folded: `replies` are their HTML fragments, `counted` says how many there are."""
    return (
        f'<details class="replies"><summary>{counted}<span>Thread</span></summary>'
        f'<div class="reply-list">{replies}</div></details>'
    )


def _block(block: JsonObject) -> str:
    match block["type"]:
        case "section":
            return _section(block)
        case "divider":
            return '<hr class="divider">'
        case "header":
            kind, shown = " header", render_text(block["text"])
        case "context":
            spans = (f'<span class="context-element">{_element(element)}</span>' for element in block["elements"])
            kind, shown = " context", "".join(spans)
        case "actions":
            kind, shown = " actions", "".join(map(_element, block["elements"]))
        case "image":
            title = f'<div class="image-title">{render_text(block["title"])}</div>' if "title" in block else ""
            kind, shown = "", title + _element(block)
        case "markdown":  # standard Markdown, which alerts do not use: shown as written
            kind, shown = " text", render_plain(block["text"])
        case "rich_text":
            kind, shown = " rich-text", "".join(map(_rich_part, block["elements"]))
        case unknown:
            raise ValueError(f"Slack accepts no block of the type {unknown}")
    return f'<div class="block{kind}">{shown}</div>'


def _section(block: JsonObject) -> str:
    parts = [f'<div class="text">{render_text(block["text"])}</div>'] if "text" in block else []
    if fields := block.get("fields"):
        cells = "".join(f'<div class="field">{render_text(field)}</div>' for field in fields)
        parts.append(f'<div class="fields">{cells}</div>')
    body = f'<div class="section-body">{"".join(parts)}</div>'
    accessory = block.get("accessory")
    if accessory:
        body += f'<div class="accessory">{_element(accessory)}</div>'
    return f'<div class="block section">{body}</div>'


def _element(element: JsonObject) -> str:
    if element["type"] == "button":
        style = element.get("style", "default")
        label = f'<span class="button {html.escape(style)}">{render_text(element["text"])}</span>'
        return render_link(element["url"], label) if "url" in element else label
    if element["type"] == "image":
        # The page loads nothing from elsewhere, so an image is shown by its description.
        return f'<span class="image">{render_plain(element["alt_text"])}</span>'
    return render_text(element)


def _rich_part(part: JsonObject) -> str:
    inner = part["elements"]
    match part["type"]:
        case "rich_text_list":
            tag = "ol" if part.get("style") == "ordered" else "ul"
            items = "".join(f"<li>{_rich_text_of(item.get('elements', []))}</li>" for item in inner)
            return f"<{tag}>{items}</{tag}>"
        case "rich_text_preformatted":
            return f"<pre>{_rich_text_of(inner)}</pre>"
        case "rich_text_quote":
            return f"<blockquote>{_rich_text_of(inner, breaks=True)}</blockquote>"
        case _:
            return f'<div class="text">{_rich_text_of(inner, breaks=True)}</div>'


def _rich_text_of(elements: Iterable[JsonObject], *, breaks: bool = False) -> str:
    rendered = "".join(_rich_element(element) for element in elements)
    return rendered.replace("\n", "<br>") if breaks else rendered


def _rich_element(element: JsonObject) -> str:
    def said(key: str) -> str:
        return str(element.get(key, ""))

    match element["type"]:
        case "text":
            shown = render_verbatim(said("text"))
        case "link":
            shown = render_link(said("url"), render_verbatim(said("text") or said("url")))
        case "emoji":
            shown = EMOJI.get(said("name"), render_verbatim(f":{said('name')}:"))
        case "user" | "usergroup" as kind:
            shown = render_mention(said(f"{kind}_id"))
        case "broadcast":
            shown = render_mention(said("range"), everyone=True)
        case "date":
            shown = render_mrkdwn(f"<!date^{said('timestamp')}^{said('format')}|{said('fallback')}>", verbatim=True)
        case kind:
            shown = render_verbatim(f"[{kind}]")
    return _styled(shown, element.get("style"))


def _styled(fragment: str, style: Any) -> str:  # noqa: ANN401 (rich text is checked for its structure only)
    for name, tag in _STYLES.items():
        if isinstance(style, dict) and style.get(name) is True:
            fragment = f"<{tag}>{fragment}</{tag}>"
    return fragment
