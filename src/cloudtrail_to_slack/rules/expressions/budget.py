"""The budget of one evaluation, and the guards of the operations that could make too much. Pure.

Each guard gives what the operation gives, or raises what it raises, or ends the evaluation with a RuleBudgetError.
Which operations have one is decided in `instrumentation`. All that is made is charged, and no value may weigh more than
the whole budget, shared parts counted each time they appear: so no single operation on a value takes long.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.expressions import functions
from cloudtrail_to_slack.rules.expressions.limits import (
    MAX_ALL_PATTERN_WORK,
    MAX_BITS,
    MAX_DIGITS,
    MAX_FORMAT_WIDTH,
    MAX_ITERATIONS,
    MAX_MADE,
    MAX_SEARCH_WORK,
    MAX_TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MAPPINGS = (dict, MappingProxyType)
_ITEMS: Any = type({}.items())
_VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), _ITEMS)
_COLLECTIONS: tuple[Any, ...] = (list, tuple, set, *_MAPPINGS, *_VIEWS)
_SIZED = frozenset({*_COLLECTIONS, str, range})
_ELEMENT = 8  # what an element of a collection counts for, a character being 1
_JSON_GROWTH = 10  # a character of JSON such as `[` becomes a list
_LONGEST_NUMBER = 5_000  # an integer of as many digits as Python shows, a float with all its digits
# A `%` with a width or precision of four digits or one that is an argument; a key may hold anything.
_WIDE = re.compile(r"%(?:\(.*\))?[#0\- +]*(?:\d{4}|\*|\d*\.(?:\d{4}|\*))", re.DOTALL)
_LONGEST_TEMPLATE = 10_000


class Budget:
    """What one evaluation may still take. Never shared, so that evaluations may run at once."""

    __slots__ = ("_iterations", "_made", "_scanned")

    def __init__(self) -> None:
        self._iterations = self._made = self._scanned = 0

    def loop(self, iterable: Any) -> Iterable[Any]:
        """Return what gives the elements of `iterable` to a loop, counted: all at once where their number is known."""
        if type(iterable) not in _SIZED:
            return self._counted(iter(iterable))
        self._count(len(iterable) + 1)
        return iterable  # type: ignore[no-any-return]  # it is one of the types above

    def fed(self, value: Any) -> Any:
        """Return what gives its elements one by one to what collects or hashes them, so that a tick can end that."""
        known = isinstance(value, (set, *_MAPPINGS, *_VIEWS)) or not hasattr(value, "__iter__")
        return value if known else self._counted(iter(value))

    def made(self, value: Any) -> Any:
        """Pass on a value that was made or collected; charged."""
        weight, size = weigh(value)
        self._charge(weight, size)
        return value

    def shown(self, value: Any) -> Any:
        """Pass on what is about to be written out; a collection is charged."""
        return self.made(value) if isinstance(value, _COLLECTIONS) else value

    def _counted(self, iterator: Iterator[Any]) -> Iterator[Any]:
        for item in iterator:
            self._count(1)
            yield item

    def _count(self, iterations: int) -> None:
        self._iterations += iterations
        if self._iterations > MAX_ITERATIONS:
            raise RuleBudgetError(f"more than {MAX_ITERATIONS:,} iterations")

    def _charge(self, weight: int, size: int) -> None:
        self._made += size
        if max(weight, self._made) > MAX_MADE:
            raise RuleBudgetError(f"strings and collections of more than {MAX_MADE:,} characters")

    def _announce(self, like: object, length: int, weight: int = 0) -> None:
        """Charge a string, list or tuple that is about to be made."""
        if length > (MAX_TEXT if isinstance(like, str) else MAX_ITERATIONS):
            raise RuleBudgetError(f"a string of more than {MAX_TEXT:,} characters, or a list of {MAX_ITERATIONS:,}")
        self._charge(weight, length * (1 if isinstance(like, str) else _ELEMENT))

    # Operators

    def add(self, left: Any, right: Any) -> Any:
        """Guard `+`."""
        if type(left) is type(right) and type(left) in (str, list, tuple):
            self._announce(left, len(left) + len(right), weigh(left)[0] + weigh(right)[0])
        return left + right

    def multiply(self, left: Any, right: Any) -> Any:
        """Guard `*`."""
        if isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() + right.bit_length())
        for value, times in ((left, right), (right, left)):
            if isinstance(value, (str, list, tuple)) and isinstance(times, int) and times > 0:
                self._announce(value, len(value) * times, weigh(value)[0] * times)
        return left * right

    def power(self, base: Any, exponent: Any) -> Any:
        """Guard `**`."""
        # 0, 1 and -1 stay small.
        if isinstance(base, int) and isinstance(exponent, int) and exponent > 0 and abs(base) > 1:
            _check_bits(base.bit_length() * exponent)
        return base**exponent

    def shift(self, value: Any, by: Any) -> Any:
        """Guard `<<`."""
        if isinstance(value, int) and isinstance(by, int) and value and by > 0:
            _check_bits(value.bit_length() + by)
        return value << by

    def modulo(self, left: Any, right: Any) -> Any:
        """Guard `%`."""
        if type(left) is not str:
            return left % right
        if len(left) > _LONGEST_TEMPLATE or is_wide(left):
            raise RuleBudgetError(
                f"a template of more than {_LONGEST_TEMPLATE:,}, or a width over {MAX_FORMAT_WIDTH:,}"
            )
        size = left.count("%") * (_LONGEST_NUMBER + weigh(right)[0])
        if size > MAX_TEXT:
            raise RuleBudgetError(f"a string of more than {MAX_TEXT:,} characters")
        return self.made(left % right)

    # Methods and functions

    def join(self, method: Any, *args: Any) -> Any:
        """Guard the method `join`."""
        if len(args) != 1 or not hasattr(args[0], "__iter__"):
            return method(*args)
        items = list(self._counted(iter(args[0])))
        length = sum(len(item) + len(method.__self__) for item in items if type(item) is str)
        self._announce("", length)
        return method(items)

    def replace(self, method: Any, *args: Any, **keywords: Any) -> Any:
        """Guard the method `replace`."""
        text = method.__self__
        if len(args) > 1 and type(args[0]) is type(args[1]) is str:
            times, limit = text.count(args[0]), args[2] if len(args) > 2 else keywords.get("count", -1)  # noqa: PLR2004 (old, new, count)
            times = min(times, limit) if isinstance(limit, int) and limit >= 0 else times
            length = len(text) + max(len(args[1]) - len(args[0]), 0) * times
            self._announce("", length)
        return method(*args, **keywords)

    def from_end(self, method: Any, *args: Any, **keywords: Any) -> Any:
        """Guard a method that searches from the end or strips, which takes longer than searching."""
        for needle in (*args[:1], keywords.get("sep")):
            if isinstance(needle, str) and len(method.__self__) * len(needle) > MAX_SEARCH_WORK:
                raise RuleBudgetError(f"a search of more than {MAX_SEARCH_WORK:,} steps")
        return method(*args, **keywords)

    def scan(self, test: Callable[..., bool], *args: Any) -> bool:
        """Guard the test of a pattern on the last argument; what comes before it is the pattern, if it is not known."""
        if len(args) > 1:
            test, args = functions.kept_test(test.__name__, args[0]), args[1:]
        if args and isinstance(args[0], str):
            self._scanned += len(args[0]) * getattr(test, "size", 1)
            if self._scanned > MAX_ALL_PATTERN_WORK:
                raise RuleBudgetError(f"patterns that take more than {MAX_ALL_PATTERN_WORK:,} steps")
        return test(*args)

    def digits(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Guard `int` with a base and `round` with a number of digits."""
        numbers = [value for value in (*args[1:], *keywords.values()) if isinstance(value, int)]
        if any(len(text) > MAX_DIGITS for text in args[:1] if isinstance(text, str)) or any(
            abs(number) > MAX_DIGITS for number in numbers
        ):
            raise RuleBudgetError(f"more than {MAX_DIGITS:,} digits")
        return function(*args, **keywords)

    def bounded_range(self, *args: Any) -> range:
        """Guard `range`."""
        numbers = range(*args)
        # Not len(): it raises for lengths beyond what fits a machine word.
        if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= MAX_ITERATIONS:
            raise RuleBudgetError(f"a range of more than {MAX_ITERATIONS:,} numbers")
        return numbers

    def from_json(self, *args: Any) -> Any:
        """Guard `json_loads`."""
        self._charge(0, sum(_JSON_GROWTH * len(text) for text in args if isinstance(text, str)))
        return functions.json_loads(*args)


def weigh(value: Any) -> tuple[int, int]:
    """Return what a value weighs with shared parts counted every time they appear, and counted once.

    Looking at all of a value takes as long as the first says; weighing it, and the memory for it, as the second says.
    """
    if not isinstance(value, _COLLECTIONS):
        return (_leaf_weight(value),) * 2
    known: dict[int, int] = {}  # by identity; nothing in `value` goes away meanwhile
    waiting, size = [value], 0
    while waiting:
        parts = _parts(waiting[-1])
        unknown = {id(part): part for part in parts if isinstance(part, _COLLECTIONS) and id(part) not in known}
        if unknown:
            waiting.extend(unknown.values())
            continue
        own = _ELEMENT * len(parts) + sum(_leaf_weight(part) for part in parts if not isinstance(part, _COLLECTIONS))
        size += own
        known[id(waiting.pop())] = own + sum(known[id(part)] for part in parts if isinstance(part, _COLLECTIONS))
    return known[id(value)], size


def is_wide(template: str) -> bool:
    """Whether a `%` template asks for a width that is too large, or that is not known before it is used."""
    return _WIDE.search(template) is not None


def _parts(collection: Any) -> list[Any]:
    """Return what is directly in a collection, without making anything new that would need to be weighed."""
    mapping = collection.mapping if isinstance(collection, _ITEMS) else collection
    return [*mapping.keys(), *mapping.values()] if isinstance(mapping, _MAPPINGS) else list(mapping)


def _leaf_weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return value.bit_length() // 8 if isinstance(value, int) else 0


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS + 1:  # of 2 ** 1024 one bit is not of the estimate's making
        raise RuleBudgetError(f"an integer of more than {MAX_BITS:,} bits")
