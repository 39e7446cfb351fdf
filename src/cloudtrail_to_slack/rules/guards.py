"""What stands in, while a rule is evaluated, for the operations that could take more than there is. Pure.

Each gives what the operation gives, or raises what it raises, or ends the evaluation with a RuleBudgetError. Which
operations of an expression need it is decided when the rule is compiled, in `guarding`; ordinary ones run unguarded.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.functions import json_loads
from cloudtrail_to_slack.rules.limits import (
    MAX_BITS,
    MAX_CPU_SECONDS,
    MAX_INTEGER_DIGITS,
    MAX_ITERATIONS,
    MAX_MADE,
    MAX_SEARCH_WORK,
    MAX_TEXT,
)
from cloudtrail_to_slack.rules.weights import format_size, weigh

_SIZED = frozenset(
    {list, tuple, set, dict, str, range, type({}.keys()), type({}.values()), type({}.items()), MappingProxyType}
)
_SHORT = 64  # iterations that are counted at once, before they happen
_CLOCK_EVERY = 16  # a power of 2: iterations between two looks at the clock
_ELEMENT = 8  # what an element of a collection counts for, a character being 1
_HEAVY = 10_000  # from here on a single operation is worth a look at the clock
_JSON_GROWTH = 10  # a character of JSON such as `[` becomes a list
_NUMBERS = (int, float)


class Budget:
    """What one evaluation may still take. Never shared, so that evaluations may run at once or inside each other."""

    __slots__ = ("_deadline", "_iterations", "_made")

    def __init__(self) -> None:
        self._iterations = 0
        self._made = 0
        self._deadline = 0.0

    # Loops

    def loop(self, iterable: Any) -> Iterable[Any]:
        """Return what gives the elements of `iterable` to a loop, counted."""
        if type(iterable) in _SIZED and (count := len(iterable)) <= _SHORT:
            before = self._iterations
            self._iterations = after = before + count + 1
            if after > MAX_ITERATIONS:
                raise RuleBudgetError(f"more than {MAX_ITERATIONS:,} iterations")
            if (before ^ after) & -_CLOCK_EVERY:
                self.clock()
            return iterable  # type: ignore[no-any-return]  # it is one of the types above
        return self._counted(iter(iterable))

    def each(self, iterable: Any) -> Iterator[Any]:
        """Return the elements of `iterable`, counted one by one: for what takes longer with every element."""
        return self._counted(iter(iterable))

    def items(self, iterable: Any) -> Any:
        """Return the elements of `iterable`, counted and weighed, as a list; what is no iterable as it is."""
        return self.weighed(list(self.each(iterable)) if hasattr(iterable, "__iter__") else iterable)

    def clock(self) -> None:
        """End the evaluation when it has had its time: that of this thread alone, so that waiting does not count."""
        now = time.thread_time()
        if not self._deadline:
            self._deadline = now + MAX_CPU_SECONDS
        elif now > self._deadline:
            raise RuleBudgetError(f"more than {MAX_CPU_SECONDS} seconds")

    def slow(self, result: Any) -> Any:
        """Pass on the result of a call that may take long."""
        self.clock()
        return result

    def _counted(self, iterator: Iterator[Any]) -> Iterator[Any]:
        for item in iterator:
            self._iterations += 1
            if not self._iterations & (_CLOCK_EVERY - 1):
                self.clock()
            if self._iterations > MAX_ITERATIONS:
                raise RuleBudgetError(f"more than {MAX_ITERATIONS:,} iterations")
            yield item

    # What is made, and what is looked at as a whole

    def made(self, value: Any) -> Any:
        """Pass on a text or collection that was made, counted."""
        kind = type(value)
        if kind is str:
            self._charge(len(value))
        elif kind in _SIZED:
            self._charge(_ELEMENT * len(value))
        return value

    def weighed(self, value: Any) -> Any:
        """Pass on a value that is about to be compared, hashed or shown as a whole, unless it is too much for that."""
        if type(value) is str and len(value) < _HEAVY:  # nearly always
            return value
        if weigh(value) > _HEAVY:
            self.clock()
        return value

    def show(self, *args: Any, **keywords: Any) -> str:
        """Stand in for `str`."""
        if len(args) == 1 and not keywords and type(args[0]) is str:
            return args[0]
        for value in args:
            self.weighed(value)
        text = str(*args, **keywords)
        self._charge(len(text))
        return text

    def _charge(self, size: int) -> None:
        self._made += size
        if size > _HEAVY:
            self.clock()
        if self._made > MAX_MADE:
            raise RuleBudgetError(f"texts and collections of more than {MAX_MADE:,} characters")

    # Operators

    def add(self, left: Any, right: Any) -> Any:
        """Stand in for `+`."""
        if type(left) is type(right) and type(left) in (str, list, tuple):
            self._announce(left, len(left) + len(right))
        return left + right

    def multiply(self, left: Any, right: Any) -> Any:
        """Stand in for `*`."""
        if isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() + right.bit_length())
        for value, times in ((left, right), (right, left)):
            if isinstance(value, str | list | tuple) and isinstance(times, int):
                self._announce(value, len(value) * max(times, 0))
        return left * right

    def power(self, base: Any, exponent: Any) -> Any:
        """Stand in for `**`."""
        # 0, 1 and -1 stay small.
        if isinstance(base, int) and isinstance(exponent, int) and exponent > 0 and abs(base) > 1:
            _check_bits(base.bit_length() * exponent)
        return base**exponent

    def shift(self, value: Any, by: Any) -> Any:
        """Stand in for `<<`."""
        if isinstance(value, int) and isinstance(by, int) and value and by > 0:
            _check_bits(value.bit_length() + by)
        return value << by

    def modulo(self, left: Any, right: Any) -> Any:
        """Stand in for `%`."""
        if type(left) is not str:
            return left % right
        size = format_size(left, right)
        if size > MAX_TEXT:
            raise RuleBudgetError(f"a text of more than {MAX_TEXT:,} characters")
        return self.made(left % right)

    def operand(self, value: Any) -> Any:
        """Pass on what is about to be combined, as sets are: its elements are hashed and compared."""
        if type(value) in (list, tuple):
            with contextlib.suppress(TypeError):  # some element cannot be hashed, which the operator will say
                set(self.elements(value))
        return self.weighed(value)

    def _announce(self, like: object, size: int) -> None:
        """Count a text or collection that is about to be made."""
        if isinstance(like, str):
            if size > MAX_TEXT:
                raise RuleBudgetError(f"a text of more than {MAX_TEXT:,} characters")
            self._charge(size)
        else:
            if size > MAX_ITERATIONS:
                raise RuleBudgetError(f"a collection of more than {MAX_ITERATIONS:,} elements")
            self._charge(_ELEMENT * size)

    # Methods

    def join(self, method: Any, *args: Any) -> Any:
        """Stand in for the method `join`."""
        separator = method.__self__
        if len(args) != 1 or not hasattr(args[0], "__iter__"):
            return method(*args)
        items = list(self.each(args[0]))
        self._announce(separator, sum(len(item) + len(separator) for item in items if type(item) is str))
        return method(items)

    def replace(self, method: Any, *args: Any, **keywords: Any) -> Any:
        """Stand in for the method `replace`."""
        text = method.__self__
        if len(args) > 1 and type(args[0]) is str and type(args[1]) is str:
            growth = max(len(args[1]) - len(args[0]), 0)
            times = text.count(args[0]) if growth else 0
            limit = args[2] if len(args) > 2 else keywords.get("count", -1)  # noqa: PLR2004 (old, new, count)
            if isinstance(limit, int) and limit >= 0:
                times = min(times, limit)
            self._announce(text, len(text) + growth * times)
        return method(*args, **keywords)

    def from_end(self, method: Any, *args: Any, **keywords: Any) -> Any:
        """Stand in for a method that searches from the end or strips, which takes longer than searching."""
        for needle in (*args[:1], keywords.get("sep")):
            if isinstance(needle, str) and len(method.__self__) * len(needle) > MAX_SEARCH_WORK:
                raise RuleBudgetError(f"a search of more than {MAX_SEARCH_WORK:,} steps")
        return method(*args, **keywords)

    # Functions

    def integer(self, *args: Any, **keywords: Any) -> int:
        """Stand in for `int` with a base."""
        if args and isinstance(args[0], str) and len(args[0]) > MAX_INTEGER_DIGITS:
            raise RuleBudgetError(f"an integer of more than {MAX_INTEGER_DIGITS:,} digits")
        return int(*args, **keywords)

    def rounded(self, *args: Any, **keywords: Any) -> Any:
        """Stand in for `round` with a number of digits."""
        digits = [value for value in (*args[1:], keywords.get("ndigits")) if isinstance(value, int)]
        if any(abs(value) > MAX_INTEGER_DIGITS for value in digits):
            raise RuleBudgetError(f"rounding to more than {MAX_INTEGER_DIGITS:,} digits")
        return round(*args, **keywords)

    def bounded_range(self, *args: Any) -> range:
        """Stand in for `range`."""
        numbers = range(*args)
        # Not len(): it raises for lengths beyond what fits a machine word.
        if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= MAX_ITERATIONS:
            raise RuleBudgetError(f"a range of more than {MAX_ITERATIONS:,} numbers")
        return numbers

    def enumerated(self, *args: Any, **keywords: Any) -> Iterator[tuple[int, Any]]:
        """Stand in for `enumerate`."""
        counted: list[Any] = [self.each(value) for value in args[:1]]
        return enumerate(*counted, *args[1:], **keywords)

    def zipped(self, *args: Any, **keywords: Any) -> Iterator[tuple[Any, ...]]:
        """Stand in for `zip`."""
        return zip(*map(self.each, args), **keywords)  # noqa: B905 (strict is the rule's to choose)

    def hashed(self, *args: Any) -> set[Any]:
        """Stand in for `set`."""
        return self.made(set(*map(self.elements, args)))  # type: ignore[no-any-return]  # a set it is

    def mapped(self, *args: Any, **keywords: Any) -> dict[Any, Any]:
        """Stand in for `dict`."""
        known = [value if type(value) in (dict, MappingProxyType) else self.elements(value) for value in args]
        return self.made(dict(*known, **keywords))  # type: ignore[no-any-return]  # a dict it is

    def total(self, *args: Any, **keywords: Any) -> Any:
        """Stand in for `sum`."""
        if not args:
            return sum(*args, **keywords)
        items = list(self.each(args[0]))
        result = sum([], *args[1:], **keywords)  # the start, or what is wrong with it
        if all(isinstance(item, _NUMBERS) for item in (result, *items)):
            return sum(items, *args[1:], **keywords)
        for item in items:
            result = self.add(result, item)
        return result

    def from_json(self, *args: Any) -> Any:
        """Stand in for `json_loads`."""
        if args and isinstance(args[0], str):
            self._charge(_JSON_GROWTH * len(args[0]))
        return json_loads(*args)

    def elements(self, value: Any) -> Any:
        """Return the elements of `value` to what hashes them, counted and weighed; what is no iterable as it is."""
        return (self.weighed(item) for item in self.each(value)) if hasattr(value, "__iter__") else value


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS + 1:  # of 2 ** 1024 one bit is not of the estimate's making
        raise RuleBudgetError(f"an integer of more than {MAX_BITS:,} bits")
