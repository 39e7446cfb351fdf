"""How much there is to a value, counted before something looks at all of it. Pure."""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.limits import MAX_FORMAT_WIDTH, MAX_WEIGHT

_MAPPINGS = (dict, MappingProxyType)
_PAIRS: Any = type({}.items())
_COLLECTIONS: tuple[Any, ...] = (list, tuple, set, *_MAPPINGS, type({}.keys()), type({}.values()), _PAIRS)
_LONGEST_ESCAPE = 10  # a character in a repr, as in "\\U0001f600"
_LONGEST_NUMBER = 5_000  # an integer of as many digits as Python shows, a float with all its digits
_DIGITS = len(str(MAX_FORMAT_WIDTH))
_FLAGS_AND_SIZES = re.compile(r"[#0\- +]*(\*|[0-9]*)(?:\.(\*|[0-9]*))?")


def weigh(value: Any) -> int:
    """Return the characters and elements of a value, parts that are shared counted every time they appear.

    A list of a hundred times one list of a hundred texts takes no memory to speak of, but comparing, hashing or
    showing it takes every one of its ten thousand parts. Weighing takes no longer than there is memory: what is shared
    is weighed once.

    Raises:
        RuleBudgetError: there is more than can be looked at.
    """
    if not isinstance(value, _COLLECTIONS):
        return _limited(_leaf_weight(value))
    known: dict[int, int] = {}  # by identity; nothing in `value` goes away meanwhile
    waiting: list[Any] = [value]
    while waiting:
        collection = waiting[-1]
        parts = _parts(collection)
        unknown = {id(part): part for part in parts if isinstance(part, _COLLECTIONS) and id(part) not in known}
        if unknown:
            waiting.extend(unknown.values())
            continue
        known[id(collection)] = _limited(1 + sum(known.get(id(part)) or _leaf_weight(part) for part in parts))
        waiting.pop()
    return known[id(value)]


def _parts(collection: Any) -> list[Any]:
    """Return what is directly in a collection, without making anything new that would need to be weighed."""
    if isinstance(collection, _PAIRS):
        collection = collection.mapping
    if isinstance(collection, _MAPPINGS):
        _limited(2 * len(collection))
        return [*collection.keys(), *collection.values()]
    _limited(len(collection))
    return list(collection)


def _leaf_weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value) + 1
    return 1 + (value.bit_length() // 8 if isinstance(value, int) else 0)


def format_size(template: str, values: Any) -> int:
    """Return an upper bound of the length of `template % values`.

    Raises:
        RuleBudgetError: a width is larger than a rule may ask for, or the values are more than can be looked at.
    """
    sizes = list(_checked_sizes(template))
    if isinstance(values, _MAPPINGS):
        # `%(key)s` may show the same value many times; the whole mapping is shown where a % has no key.
        largest = max((weigh(value) for value in values.values()), default=0)
        weight = len(sizes) * largest + (weigh(values) if re.search(r"%(?!\()", template) else 0)
    else:
        weight = weigh(values)
    return len(template) + sum(sizes) + len(sizes) * _LONGEST_NUMBER + _LONGEST_ESCAPE * weight


def width_fault(template: str) -> bool:
    """Whether a `%` template asks for a width that is too large, or that is not known before it is used."""
    try:
        for _ in _checked_sizes(template):
            pass
    except RuleBudgetError:
        return True
    return False


def _checked_sizes(template: str) -> Iterator[int]:
    """Yield what the width and the precision of each `%` come to."""
    position = template.find("%")
    while position >= 0:
        position = _after_key(template, position + 1)
        match = _FLAGS_AND_SIZES.match(template, position)
        sizes = [size for size in match.groups() if size] if match else []
        if any(size == "*" or len(size) > _DIGITS or int(size) > MAX_FORMAT_WIDTH for size in sizes):
            raise RuleBudgetError(f"a width of more than {MAX_FORMAT_WIDTH:,}")
        yield sum(map(int, sizes))
        position = template.find("%", match.end() + 1 if match else position + 1)


def _after_key(template: str, position: int) -> int:
    """Return the position behind the key `(…)`, in which parentheses may be nested."""
    depth = 0
    if template[position : position + 1] != "(":
        return position
    for at in range(position, len(template)):
        depth += {"(": 1, ")": -1}.get(template[at], 0)
        if not depth:
            return at + 1
    return len(template)


def _limited(weight: int) -> int:
    if weight > MAX_WEIGHT:
        raise RuleBudgetError(f"a value of more than {MAX_WEIGHT:,} characters and elements")
    return weight
