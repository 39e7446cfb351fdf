"""Slack's mrkdwn as HTML.

Safe by construction: text reaches the output only through `_escape`, and everything that is markup (a link, a mention,
a code block) is built first and stands in the text as one private-use character until the end, so that tags can
neither be forged nor left open.

Where Slack and a cautious reader could differ, this shows the dangerous case: links and mentions between backticks
are still links and mentions, because Slack's servers parse `<…>` wherever it stands.
"""

import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cloudtrail_to_slack_cli.slack_display.emoji import with_emoji

_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ENTITY: Final = re.compile("|".join(_ENTITIES))
_FIRST_ATOM: Final = 0xF0000
_MOST_ATOMS: Final = 0xFFFD
_ATOMS: Final = "\U000f0000-\U000fffff"
# What no HTML document may hold, and what we use ourselves; none of it means anything in a message.
_UNPRINTABLE: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{_ATOMS}]")
_CONTROL: Final = re.compile(r"<([^<>\n]+)>")
_CODE_BLOCK: Final = re.compile(r"```(.+?)```", re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_BARE_URL: Final = re.compile(rf"\bhttps?://[^\s<>|{_ATOMS}]*[^\s<>|.,;:!?'\"()\[\]{{}}*_~{_ATOMS}]")
_LINKABLE: Final = re.compile(r"(?:https?://|mailto:|tel:)\S", re.IGNORECASE)
_QUOTED: Final = re.compile(r"(?:&gt;|>) ?")
_QUOTED_REST: Final = re.compile(r"(?:&gt;|>){3} ?")
_STYLED: Final = re.compile(
    r"(?<![\w*])\*(?=\S)(?P<strong>[^*\n]+)(?<=\S)\*(?![\w*])"
    r"|(?<![\w_])_(?=\S)(?P<em>[^_\n]+)(?<=\S)_(?![\w_])"
    r"|(?<![\w~])~(?=\S)(?P<s>[^~\n]+)(?<=\S)~(?![\w~])"
)
_BROADCASTS: Final = ("here", "channel", "everyone")
_DATE: Final = re.compile(r"date\^(-?\d{1,12})\^([^|^]+)(?:\^([^|^]+))?\Z")
_DATE_TOKEN: Final = re.compile(r"\{(\w+)\}")
_TEENS: Final = range(11, 14)


def render_mrkdwn(text: str, *, verbatim: bool = False) -> str:
    """The text as an HTML fragment.

    Args:
        text: mrkdwn as sent to Slack.
        verbatim: Leave bare URLs as text, as `"verbatim": true` asks Slack to.
    """
    atoms = _Atoms()
    text = _CONTROL.sub(lambda match: atoms.add(_control(match[1])) or match[0], _clean(text))
    text = _CODE_BLOCK.sub(lambda match: atoms.add_block(_code_block(match[1], atoms)) or match[0], text)
    text = _CODE.sub(lambda match: atoms.add(f"<code>{atoms.resolve(_escape(match[1]))}</code>") or match[0], text)
    if not verbatim:
        text = _BARE_URL.sub(lambda match: atoms.add(_link(match[0], _escape(match[0]))) or match[0], text)
    return atoms.resolve(_lines(text, atoms))


def render_plain(text: str, *, emoji: bool = True) -> str:
    """A plain_text as an HTML fragment: entities and, unless refused, emoji; no markup."""
    cleaned = _clean(text)
    return _escape(with_emoji(cleaned) if emoji else cleaned).replace("\n", "<br>")


def render_text(text_object: Mapping[str, Any]) -> str:
    """A text object as an HTML fragment."""
    if text_object.get("type") == "plain_text":
        return render_plain(text_object["text"], emoji=text_object.get("emoji", True))
    return render_mrkdwn(text_object["text"], verbatim=text_object.get("verbatim", False))


def render_verbatim(text: str) -> str:
    """A string that nothing is decoded in, such as the text of a rich_text element, as an HTML fragment."""
    return html.escape(_clean(text))


def render_link(url: str, label: str) -> str:
    """A link with a label that is HTML already; only the label when the URL's scheme cannot be followed safely."""
    return _link(html.escape(_clean(url), quote=False), label)


def render_mention(name: str, *, everyone: bool = False) -> str:
    """A highlighted mention; `everyone` marks those that notify a whole channel."""
    kind = "mention mention-all" if everyone else "mention"
    return f'<span class="{kind}">@{html.escape(_clean(name))}</span>'


class _Atoms:
    """Finished HTML, each piece standing in the text as one private-use character."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._blocks: set[str] = set()

    def add(self, piece: str | None) -> str | None:
        """The character that stands for a piece; `None` when there is no piece, or no character left."""
        if piece is None or len(self._pieces) >= _MOST_ATOMS:
            return None
        self._pieces.append(piece)
        return chr(_FIRST_ATOM + len(self._pieces) - 1)

    def add_block(self, piece: str) -> str | None:
        """Like `add`, for a piece that fills lines of its own."""
        atom = self.add(piece)
        if atom:
            self._blocks.add(atom)
        return atom

    def is_block(self, line: str) -> bool:
        """Whether a line is nothing but such a piece."""
        return line.strip() in self._blocks

    def resolve(self, fragment: str) -> str:
        """The fragment with each piece in its place; pieces are complete, so once is enough."""
        return re.sub(f"[{_ATOMS}]", lambda match: self._pieces[ord(match[0]) - _FIRST_ATOM], fragment)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decode(text: str) -> str:
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], text)


def _escape(text: str) -> str:
    # Slack decodes exactly these three entities, and once: "&amp;lt;" is shown as "&lt;".
    return html.escape(_decode(text))


def _link(url: str, label: str) -> str:
    if not _LINKABLE.match(_decode(url)):
        return label
    return f'<a href="{_escape(url)}" rel="noopener noreferrer">{label}</a>'


def _control(content: str) -> str | None:
    target, _, label = content.partition("|")
    if target.startswith("!"):
        return _special(target[1:], label)
    if re.fullmatch(r"@[UW][A-Z0-9]*", target):
        return render_mention(_decode(label) or target[1:])
    if re.fullmatch(r"#C[A-Z0-9]*", target):
        return f'<span class="channel-link">#{_escape(label or target[1:])}</span>'
    if _LINKABLE.match(_decode(target)):
        return _link(target, _escape(with_emoji(label or target.removeprefix("mailto:"))))
    return None


def _special(command: str, label: str) -> str | None:
    if command in _BROADCASTS:
        return render_mention(command, everyone=True)
    if command.startswith("subteam^"):
        return render_mention((_decode(label) or command.removeprefix("subteam^")).removeprefix("@"))
    if match := _DATE.match(command):
        return _date(int(match[1]), match[2], match[3], label)
    return _escape(label) if label else None


def _date(timestamp: int, template: str, link: str | None, fallback: str) -> str:
    try:
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (OverflowError, ValueError, OSError):
        return _escape(fallback)
    shown = _escape(
        _DATE_TOKEN.sub(
            lambda token: _DATE_FORMATS[token[1]](moment) if token[1] in _DATE_FORMATS else token[0], template
        )
    )
    stamped = f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}" title="{moment:%Y-%m-%d %H:%M:%S} UTC">{shown}</time>'
    return _link(link, stamped) if link else stamped


def _day(moment: datetime) -> str:
    last = moment.day % 10
    suffix = "th" if moment.day in _TEENS else {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{moment:%B} {moment.day}{suffix}, {moment.year}"


def _clock(moment: datetime, *, seconds: bool = False) -> str:
    return (
        f"{moment.hour % 12 or 12}:{moment:%M}{f':{moment:%S}' if seconds else ''} {'AM' if moment.hour < 12 else 'PM'}"  # noqa: PLR2004 (noon)
    )


_DATE_FORMATS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "date": _day,
    "date_long": lambda moment: f"{moment:%A}, {_day(moment)}",
    "date_long_pretty": lambda moment: f"{moment:%A}, {_day(moment)}",
    "date_num": lambda moment: f"{moment:%Y-%m-%d}",
    "date_pretty": _day,
    "date_short": lambda moment: f"{moment:%b} {moment.day}, {moment.year}",
    "date_short_pretty": lambda moment: f"{moment:%b} {moment.day}, {moment.year}",
    "time": _clock,
    "time_secs": lambda moment: _clock(moment, seconds=True),
}


def _code_block(content: str, atoms: _Atoms) -> str:
    return f"<pre>{atoms.resolve(_escape(content.removeprefix(chr(10)).removesuffix(chr(10))))}</pre>"


def _lines(text: str, atoms: _Atoms) -> str:
    parts: list[str] = []
    quoted: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if rest := _QUOTED_REST.match(line):
            quoted.extend([line[rest.end() :], *lines[number + 1 :]])
            break
        if one := _QUOTED.match(line):
            quoted.append(line[one.end() :])
            continue
        _end_quote(parts, quoted, atoms)
        _add_line(parts, line, atoms)
    _end_quote(parts, quoted, atoms)
    return "".join(parts).removesuffix("<br>")


def _end_quote(parts: list[str], quoted: list[str], atoms: _Atoms) -> None:
    if not quoted:
        return
    inner: list[str] = []
    for line in quoted:
        _add_line(inner, line, atoms)
    if parts and parts[-1] == "<br>":
        parts.pop()
    parts.append(f"<blockquote>{''.join(inner).removesuffix('<br>')}</blockquote>")
    quoted.clear()


def _add_line(parts: list[str], line: str, atoms: _Atoms) -> None:
    # A code block brings its own line breaks.
    if atoms.is_block(line):
        if parts and parts[-1] == "<br>":
            parts.pop()
        parts.append(line.strip())
    else:
        parts.extend((_inline(line), "<br>"))


def _inline(text: str) -> str:
    parts: list[str] = []
    position = 0
    for match in _STYLED.finditer(text):
        tag = match.lastgroup or ""
        parts.append(_escape(with_emoji(text[position : match.start()])))
        # Ends: what stands between two stars holds no star, so each style nests at most once.
        parts.append(f"<{tag}>{_inline(match[tag])}</{tag}>")
        position = match.end()
    parts.append(_escape(with_emoji(text[position:])))
    return "".join(parts)
