"""A finding: what is wrong, where, and how it is shown."""

from dataclasses import dataclass

from cloudtrail_to_slack.errors import SourceSpan
from cloudtrail_to_slack.rules.expressions.diagnostics import render_caret
from cloudtrail_to_slack_cli.check.codes import UNREADABLE, Code
from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_files.document import Document, Position, ValuePath
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleEntry

_LONGEST_SNIPPET = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a file. Lines and columns count from 1; `shown` is the line with a caret under the place.

    `rule` is the rule's id or place, `reason` why it is suppressed (None: it is not).
    """

    code: Code
    message: str
    file: str
    line: int = 1
    column: int = 1
    length: int = 1
    rule: str | None = None
    shown: str = ""
    reason: str | None = None

    @property
    def text(self) -> str:
        """The message, with the rule that it is about."""
        return f"{self.message} (rule {self.rule})" if self.rule else self.message

    @property
    def end_column(self) -> int:
        """The column behind the place."""
        return self.column + self.length

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """Findings are listed by file, line and column."""
        return self.file, self.line, self.column, self.code.code


def unreadable(error: UnreadableError) -> Finding:
    """Return the finding of a file that cannot be read."""
    return Finding(UNREADABLE, error.problem, error.path, error.line or 1, error.column or 1)


def at_value(document: Document, path: ValuePath, code: Code, message: str, rule: str | None = None) -> Finding:
    """Return a finding about a value, or about its key where it has one."""
    position = document.position(path)
    line, column = position.line, position.column
    if position.key_line is not None and position.key_column is not None:
        line, column = position.key_line, position.key_column
    text = document.line(line)
    length = max(len(text) - column, 1) if position.key_line is None else max(len(str(path[-1])) if path else 1, 1)
    return finding_at(document, code, message, rule, SourceSpan(line, column, length))


def in_expression(document: Document, entry: RuleEntry, code: Code, message: str, place: SourceSpan | None) -> Finding:
    """Return a finding about a part of a rule's expression; `place` is where, in the stripped expression."""
    if place is None:
        return at_value(document, entry.expression_path, code, message, entry.name)
    found = _in_file(document, document.position(entry.expression_path), entry.expression, place)
    if found is not None:
        return finding_at(document, code, message, entry.name, found)
    whole = at_value(document, entry.expression_path, code, message, entry.name)
    return Finding(
        code, message, whole.file, whole.line, whole.column, 1, entry.name, render_caret(entry.expression, place)
    )


def finding_at(document: Document, code: Code, message: str, rule: str | None, place: SourceSpan) -> Finding:
    """Return a finding at a line and a column from 0 of a file."""
    text = document.line(place.line)
    shown = render_caret(text, SourceSpan(1, place.column, place.length)) if text.strip() else ""
    return Finding(code, message, document.path, place.line + 1, place.column + 1, place.length, rule, shown)


def _in_file(document: Document, position: Position, expression: str, place: SourceSpan) -> SourceSpan | None:
    """Return where a part of an expression stands in the file, line and column from 0; None if it cannot be found.

    YAML can fold, quote and indent an expression. So the words of the part are looked for, as often as they come
    before it in the expression.
    """
    lines = expression.split("\n")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    words = line[place.column : place.column + max(place.length, 1)].split(None, 1)
    word = words[0][:_LONGEST_SNIPPET] if words else ""
    if not word:
        return None
    before = "\n".join([*lines[: place.line - 1], line[: place.column]]).count(word)
    word = _as_written(word, position.style)
    for number in range(position.line, position.last_line + 1):
        text = document.line(number)
        column = text.find(word, position.column if number == position.line else 0)
        while column >= 0:
            if before == 0:
                whole = _as_written(line[place.column : place.column + place.length], position.style)
                length = len(whole) if text.startswith(whole, column) else len(word)
                return SourceSpan(number, column, max(length, 1))
            before -= 1
            column = text.find(word, column + len(word))
    return None


def _as_written(text: str, style: str) -> str:
    """Return a part of a string as it stands between quotes of YAML or JSON."""
    if style == '"':
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("'", "''") if style == "'" else text
