"""Pieces of HTML. Whatever comes from events or rules goes through `escape`."""

from collections.abc import Iterable, Sequence

from cloudtrail_to_slack_cli.slack_display.mrkdwn import render_verbatim
from cloudtrail_to_slack_cli.terminal import safe


def escape(text: str) -> str:
    """Return a text as HTML, fit for an attribute, too; hidden characters are shown, and turn no text around."""
    return render_verbatim(safe(text))


def table(caption: str, headings: Sequence[str], rows: Iterable[tuple[str, *tuple[int, ...]]]) -> str:
    """Return a table: the first cell of each row, which is HTML already, names it, the others are numbers."""
    head = "".join(
        f'<th scope="col"{_number(column)}>{escape(heading)}</th>' for column, heading in enumerate(headings)
    )
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td{_number(1)}>{cell:,}</td>" for cell in others)}</tr>'
        for first, *others in rows
    )
    return scrolling(
        caption,
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
    )


def scrolling(name: str, content: str) -> str:
    """Return a table that scrolls sideways where the page is narrow, by keyboard, too."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{content}</div>'


def _number(column: int) -> str:
    return ' class="count"' if column else ""
