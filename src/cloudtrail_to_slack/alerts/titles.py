"""Titles of rules with facts of the event in them: `{requestParameters.userName} created`. Pure.

A title is the rule's own text and a fact the caller's, so they stay apart until they are rendered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.rules import Rule

_FIELD = re.compile(r"\{([A-Za-z][\w.-]*)\}", re.ASCII)
_LONGEST_FACT = 80
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TitlePart:
    """A part of a title: the rule's text, or a fact of the event, which an attacker may have written."""

    text: str
    is_fact: bool


def with_facts(rules: tuple[Rule, ...], event: Event) -> tuple[Rule, ...]:
    """Return the rules with what stands in the event where their titles have a `{field}`."""
    return tuple(
        replace(rule, facts=tuple(_fact(event, field) for field in _FIELD.findall(rule.title)))
        if rule.title and "{" in rule.title
        else rule
        for rule in rules
    )


def title_parts(rule: Rule) -> Iterator[TitlePart]:
    """Yield the parts of a rule's title, in order, none of them empty; of a rule without facts it is one part."""
    title, end = rule.title or "", 0
    for match, fact in zip(_FIELD.finditer(title), rule.facts, strict=False):
        if match.start() > end:
            yield TitlePart(title[end : match.start()], is_fact=False)
        yield TitlePart(fact, is_fact=True)
        end = match.end()
    if end < len(title):
        yield TitlePart(title[end:], is_fact=False)


def plain_title(rule: Rule) -> str:
    """Return a rule's title with its facts, unescaped; empty without a title."""
    return "".join(part.text for part in title_parts(rule))


def _fact(event: Event, field: str) -> str:
    text = " ".join(event.text(field).split())
    return (text if len(text) <= _LONGEST_FACT else f"{text[: _LONGEST_FACT - 1]}…") or _UNKNOWN
