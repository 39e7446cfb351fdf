"""Guards for operations whose result can be much larger than their input: they raise RuleBudgetError. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.expressions import limits

_MAPPINGS = (dict, MappingProxyType)
_UNORDERED: tuple[Any, ...] = (set, *_MAPPINGS, type({}.keys()), type({}.values()), type({}.items()))
_COLLECTIONS: tuple[Any, ...] = (list, tuple, *_UNORDERED)
_ELEMENT = 8  # what an element of a collection weighs, a character being 1
_LONGEST_NUMBER = 5_000  # characters: an integer with as many digits as Python shows; also the limit of a template
# A `%` whose width or precision has four digits or is an argument; a key may hold anything.
WIDE = re.compile(r"%(?:\(.*\))?[#0\- +]*(?:\d{4}|\*|\d*\.(?:\d{4}|\*))", re.DOTALL)


def multiply(left: Any, right: Any) -> Any:
    """Bound `*`."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    for value, times in ((left, right), (right, left)):
        if isinstance(times, int) and times > 0 and isinstance(value, (str, list, tuple)):
            _check_length(value, len(value) * times)
            if not isinstance(value, str) and weight(value) * times > limits.MAX_WEIGHT:
                raise RuleBudgetError(f"a list of more than {limits.MAX_WEIGHT:,} characters")
    return left * right


def power(base: Any, exponent: Any) -> Any:
    """Bound `**`."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0 and abs(base) > 1:  # else it stays small
        _check_bits(base.bit_length() * exponent)
    return base**exponent


def shift(value: Any, by: Any) -> Any:
    """Bound `<<`."""
    if isinstance(value, int) and isinstance(by, int) and value and by > 0:
        _check_bits(value.bit_length() + by)
    return value << by


def modulo(left: Any, right: Any) -> Any:
    """Bound `%` of a string."""
    if type(left) is str:
        if len(left) > _LONGEST_NUMBER or WIDE.search(left):
            raise RuleBudgetError(f"a template of {_LONGEST_NUMBER:,}, or a width of {limits.MAX_FORMAT_WIDTH:,}")
        _check_length(left, left.count("%") * (_LONGEST_NUMBER + weight(right)))
    return left % right


def join(method: Any, *args: Any) -> Any:
    """Bound the method `join`."""
    if len(args) != 1 or not hasattr(args[0], "__iter__"):
        return method(*args)
    items = list(args[0])
    _check_length("", sum(len(item) + len(method.__self__) for item in items if type(item) is str))
    return method(items)


def replace(method: Any, *args: Any, **keywords: Any) -> Any:
    """Bound the method `replace`."""
    string = method.__self__
    if len(args) > 1 and type(args[0]) is type(args[1]) is str:
        times, limit = string.count(args[0]), [*args[2:], keywords.get("count", -1)][0]
        times = min(times, limit) if isinstance(limit, int) and limit >= 0 else times
        _check_length("", len(string) + max(len(args[1]) - len(args[0]), 0) * times)
    return method(*args, **keywords)


def from_end(method: Any, *args: Any, **keywords: Any) -> Any:
    """Bound a method that searches from the end or strips, which is slower than other searches."""
    for needle in (*args[:1], keywords.get("sep")):
        if isinstance(needle, str) and len(method.__self__) * len(needle) > limits.MAX_SEARCH_WORK:
            raise RuleBudgetError(f"a search of more than {limits.MAX_SEARCH_WORK:,} steps")
    return method(*args, **keywords)


def digits(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Bound `int` with a base and `round` with a number of digits."""
    sizes = [abs(value) for value in (*args[1:], *keywords.values()) if isinstance(value, int)]
    sizes += [len(value) for value in args[:1] if isinstance(value, str)]
    if max(sizes, default=0) > limits.MAX_DIGITS:
        raise RuleBudgetError(f"more than {limits.MAX_DIGITS:,} digits")
    return function(*args, **keywords)


def bounded_range(function: type[range], *args: Any) -> range:
    """Bound `range`."""
    numbers = function(*args)
    # Not len(): it raises for lengths beyond what fits a machine word.
    if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= limits.MAX_ELEMENTS:
        raise RuleBudgetError(f"a range of more than {limits.MAX_ELEMENTS:,} numbers")
    return numbers


def one_by_one(value: Any) -> Any:
    """Return an iterator over a collection that is going to be hashed, so that the timer can interrupt that."""
    if isinstance(value, _UNORDERED) or not hasattr(value, "__iter__"):
        return value
    return (element for element in value)


def reached(value: Any) -> Any:
    """Return `value`; the call itself lets the timer end the evaluation."""
    return value


def weight(value: Any) -> int:
    """Return the size of a value with all its elements; counting stops beyond `limits.MAX_WEIGHT`."""
    waiting: list[Any] = [value]
    total = 0
    while waiting and total <= limits.MAX_WEIGHT:
        part = waiting.pop()
        if isinstance(part, str):
            total += len(part)
        elif isinstance(part, int):
            total += part.bit_length() // 8
        elif isinstance(part, _COLLECTIONS):
            total += _ELEMENT * len(part)
            waiting += part
            waiting += part.values() if isinstance(part, _MAPPINGS) else ()
    return total


def _check_length(like: object, length: int) -> None:
    if length > (limits.MAX_STRING if isinstance(like, str) else limits.MAX_ELEMENTS):
        raise RuleBudgetError(
            f"a string of more than {limits.MAX_STRING:,} characters, or a list of {limits.MAX_ELEMENTS:,}"
        )


def _check_bits(bits: int) -> None:
    if bits > limits.MAX_BITS + 1:  # the estimate may be one bit too low
        raise RuleBudgetError(f"an integer of more than {limits.MAX_BITS:,} bits")
