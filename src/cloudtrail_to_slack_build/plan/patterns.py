"""From alternatives to event patterns: as few as EventBridge's limits allow. Pure.

Alternatives that differ in one field become one that lists the texts of both; those that are left are packed into
patterns with `$or`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack_build.plan.alternatives import COMMON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cloudtrail_to_slack_build.plan.alternatives import Alternative, Matcher

# Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
MAX_PATTERN_CHARACTERS = 2048
_LONG = 300  # characters of what is asked of a field
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # as Terraform writes JSON


def event_patterns(found: Iterable[Alternative]) -> list[str]:
    """Return patterns, as JSON, of which one lets an event through if it fulfils one of the alternatives."""
    fitting = [part for alternative in merged(found) for part in _fitted(alternative)]
    patterns: list[str] = []
    packed: list[Alternative] = []
    for alternative in fitting:
        if packed and len(_pattern([*packed, alternative])) > MAX_PATTERN_CHARACTERS:
            patterns.append(_pattern(packed))
            packed = []
        packed.append(alternative)
    return [*patterns, _pattern(packed)] if packed else patterns


def merged(found: Iterable[Alternative]) -> list[Alternative]:
    """Return alternatives that let through the same, fewer of them, in an order that depends on them alone."""
    left = {_frozen(alternative): alternative for alternative in found}
    while True:
        before = len(left)
        for field in sorted({field for alternative in left.values() for field in alternative}):
            left = _merged_by(field, left.values())
        if len(left) == before:
            return [left[key] for key in sorted(left)]


def _merged_by(field: str, found: Iterable[Alternative]) -> dict[Any, Alternative]:
    """Make one of those alternatives that have all in common but what they want of `field`."""
    groups: dict[Any, list[Alternative]] = defaultdict(list)
    for alternative in found:
        others = {name: matchers for name, matchers in alternative.items() if name != field}
        groups[field in alternative, _frozen(others)].append(alternative)
    merged: dict[Any, Alternative] = {}
    for (has_field, _), group in groups.items():
        one = dict(group[0])
        if has_field:
            one[field] = frozenset().union(*(alternative[field] for alternative in group))
        merged[_frozen(one)] = one
    return merged


def _frozen(alternative: Alternative) -> tuple[tuple[str, tuple[Matcher, ...]], ...]:
    return tuple(sorted((field, tuple(sorted(matchers))) for field, matchers in alternative.items()))


def _fitted(alternative: Alternative) -> Iterator[Alternative]:
    """Split an alternative until each part fits into a pattern.

    Only one long list is split: of two, each part of the one would need each part of the other. The others are not
    asked for, which lets through more.
    """
    if len(_pattern([alternative])) <= MAX_PATTERN_CHARACTERS:
        yield alternative
        return
    sizes = {field: len(json.dumps(_matchers(matchers))) for field, matchers in alternative.items()}
    long = [field for field, size in sizes.items() if size > _LONG]
    if len(long) > 1:
        least = max(long, key=lambda field: (field in COMMON, field != "eventName", sizes[field]))
        yield from _fitted({field: matchers for field, matchers in alternative.items() if field != least})
        return
    largest = max(sizes, key=lambda field: (len(alternative[field]) > 1, sizes[field]))
    matchers = sorted(alternative[largest])
    if len(matchers) == 1:  # very many fields with a text each
        yield from _fitted({field: texts for field, texts in alternative.items() if field != largest})
        return
    middle = len(matchers) // 2
    for half in (matchers[:middle], matchers[middle:]):
        yield from _fitted({**alternative, largest: frozenset(half)})


def _pattern(found: Sequence[Alternative]) -> str:
    details = [_detail(alternative) for alternative in found]
    detail: Any = details[0] if len(details) == 1 else {"$or": details}
    # Only AWS can put events with a source that begins with "aws.".
    pattern = {"source": [{"prefix": "aws."}], "detail-type": [{"suffix": " via CloudTrail"}], "detail": detail}
    text = json.dumps(pattern, separators=(",", ":"), sort_keys=True)
    for character, escape in _ESCAPED.items():
        text = text.replace(character, escape)
    return text


def _detail(alternative: Alternative) -> dict[str, Any]:
    detail: dict[str, Any] = {}
    for field, matchers in sorted(alternative.items()):
        *above, last = field.split(".")
        place = detail
        for name in above:
            place = place.setdefault(name, {})
        place[last] = _matchers(matchers)
    return detail


def _matchers(matchers: Iterable[Matcher]) -> list[Any]:
    return [{matcher.kind: matcher.text} if matcher.kind else matcher.text for matcher in sorted(matchers)]
