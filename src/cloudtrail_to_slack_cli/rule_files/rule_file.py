"""A rule file: its rules and ignore rules, each with its tests, and where each of them stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cloudtrail_to_slack_cli.rule_files.document import Document, ValuePath, parse, read_text

Kind = Literal["rules", "ignore_rules"]
KINDS: tuple[Kind, ...] = ("rules", "ignore_rules")


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One rule of a file, as it is written: in which list, at which position, and its content without its tests."""

    kind: Kind
    number: int
    content: object
    tests: object = None

    @property
    def path(self) -> ValuePath:
        """Where it stands in the document."""
        return (self.kind, self.number)

    @property
    def id(self) -> str | None:
        """Its id, where it has one."""
        written = self.content.get("id") if isinstance(self.content, Mapping) else None
        return written.strip() or None if isinstance(written, str) else None

    @property
    def expression(self) -> str:
        """Its expression, stripped; empty if it has none."""
        written = self.content.get("expression") if isinstance(self.content, Mapping) else self.content
        return written.strip() if isinstance(written, str) else ""

    @property
    def name(self) -> str:
        """Its id, or its place without one."""
        return self.id or f"{self.kind}[{self.number}]"

    @property
    def expression_path(self) -> ValuePath:
        """Where its expression stands."""
        return (*self.path, "expression") if isinstance(self.content, Mapping) else self.path


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file as it is written; what is wrong with it is for `check` to say."""

    document: Document
    entries: tuple[RuleEntry, ...]

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.document.path

    def config(self, *, use_default_rules: bool = False) -> dict[str, Any]:
        """Return the rules as `config.json` would have them."""
        lists = {str(kind): [entry.content for entry in self.entries if entry.kind == kind] for kind in KINDS}
        return {"use_default_rules": use_default_rules, **lists}


def read_rule_file(path: str) -> RuleFile:
    """Read a rule file.

    Raises:
        UnreadableError: it cannot be read.
    """
    return rule_file(parse(read_text(path), path))


def rule_file(document: Document) -> RuleFile:
    """Return the rules of a parsed file."""
    return RuleFile(document, tuple(_entries(document.data)))


def unusable_parts(document: Document) -> Iterator[tuple[ValuePath, str]]:
    """Yield why no rule of a file is read, or one of its lists is not: where, and what is wrong."""
    data = document.data
    if not isinstance(data, dict):
        yield (), "must be an object with the lists `rules` and `ignore_rules`"
    elif not any(kind in data for kind in KINDS):
        yield (), "has neither `rules` nor `ignore_rules`"
    else:
        for kind in KINDS:
            if not isinstance(data.get(kind), list | None):
                yield (kind,), f"{kind} must be a list"


def looks_like_rule_file(data: object) -> bool:
    """Whether a parsed file has the lists of a rule file, and rules in them."""
    return isinstance(data, dict) and any(
        isinstance(data.get(kind), list) and any(map(_looks_like_rule, data[kind])) for kind in KINDS
    )


def _looks_like_rule(item: object) -> bool:
    return (isinstance(item, str) and "event" in item) or (isinstance(item, dict) and "expression" in item)


def _entries(data: object) -> Iterator[RuleEntry]:
    for kind in KINDS:
        listed = data.get(kind) if isinstance(data, dict) else None
        for number, item in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(item, dict):
                content = {key: value for key, value in item.items() if key != "tests"}
                yield RuleEntry(kind, number, content, item.get("tests"))
            else:
                yield RuleEntry(kind, number, item)
