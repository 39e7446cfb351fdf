"""Find the candidate rules of a record from a few of its fields, and from what its text contains. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import reduce
from itertools import takewhile
from operator import and_

from cloudtrail_to_slack.rules.index.indexable_conditions import (
    INDEXED_FIELDS,
    Condition,
    indexable_conditions_of,
    required_ends,
    required_values,
)

Value = Hashable  # a string, None, or the marker of a missing field
# Distinct values remembered for a field, and how many bytes their characters take, before the table is cleared.
_KEPT_VALUES = 20_000
_KEPT_BYTES = 4_000_000
_LARGEST_CHARACTER = 4  # bytes, of all characters of a string that has one beyond ASCII
_ESCAPE = b"\\"


class RuleIndex:
    """The index of expressions over `fields`, flattened keys; `missing` is the value of a missing field."""

    def __init__(self, expressions: Iterable[str], missing: Hashable) -> None:
        conditions = [indexable_conditions_of(expression) for expression in expressions]
        self.all_rules = (1 << len(conditions)) - 1
        chosen = {field for of_rule in conditions for field in _wanted(of_rule)}
        # After a part that may raise an error on a field that is not indexed, nothing can rule out the rule.
        conditions = [
            list(takewhile(lambda condition: condition.field in chosen or not condition.may_raise, of_rule))
            for of_rule in conditions
        ]
        self.fields = tuple(field for field in INDEXED_FIELDS if field in chosen)
        self._tables = [_Table(field, conditions, self.all_rules, missing) for field in self.fields]

    def candidates(self, columns: Sequence[Sequence[Value]], length: int) -> list[int]:
        """Return for each of `length` records, as bits, the rules that may match or raise; `columns` match `fields`."""
        if not columns:
            return [self.all_rules] * length
        rows = [table.masks(column) for table, column in zip(self._tables, columns, strict=True)]
        masks = reduce(lambda left, right: list(map(and_, left, right)), rows)
        for table, column in zip(self._tables, columns, strict=True):
            always = table.always_candidates
            if always:
                masks = [mask | always.get(value, 0) for mask, value in zip(masks, column, strict=True)]
        return masks


class RequiredKeys:
    """The last parts of the keys, and the values, that each rule requires: a text without them cannot match the rule.

    A flattened key ends with a key of the record, which appears in its text, as a value does, unless it has escapes.
    """

    def __init__(self, expressions: Iterable[str]) -> None:
        self._expressions = list(expressions)
        # By the rule's bit, of the rules that were candidates so far: of each tuple, one must be in the text.
        self._required: dict[int, Sequence[tuple[bytes, ...]]] = {}
        self._may_require = (1 << len(self._expressions)) - 1

    def possible(self, candidates: int, text: bytes | memoryview) -> int:
        """Return the candidate rules, as bits, that can match a record or raise on it, judging by its JSON text."""
        asked = candidates & self._may_require
        if not asked:
            return candidates
        text = bytes(text)
        if _ESCAPE in text:
            return candidates
        while asked:
            bit = asked & -asked
            asked ^= bit
            if bit not in self._required:
                expression = self._expressions[bit.bit_length() - 1]
                self._required[bit] = (*((end,) for end in required_ends(expression)), *required_values(expression))
                if not self._required[bit]:
                    self._may_require ^= bit
            if not all(any(each in text for each in alternatives) for alternatives in self._required[bit]):
                candidates ^= bit
        return candidates


class _Table:
    """The rules that remain possible for each value of one field; `always_candidates` raise on it."""

    def __init__(
        self, field: str, conditions: Sequence[Sequence[Condition]], all_rules: int, missing: Hashable
    ) -> None:
        self._field, self._missing = field, missing
        own = ([condition for condition in of_rule if condition.field == field] for of_rule in conditions)
        self._of_rules = {number: of_rule for number, of_rule in enumerate(own) if of_rule}
        self._others = all_rules & ~sum(1 << number for number in self._of_rules)
        self._evaluated = []  # numbers of the rules that must be evaluated on each string
        # A rule that only compares with constants can be True for those alone, and never raises on a string.
        self._by_constant: dict[str, int] = defaultdict(int)
        for number, of_rule in self._of_rules.items():
            constants = [condition.constants for condition in of_rule if condition.constants is not None]
            if len(constants) < len(of_rule):
                self._evaluated.append(number)
                continue
            for constant in frozenset.intersection(*constants):
                self._by_constant[constant] |= 1 << number
        self._masks: dict[Value, int] = {}
        self._bytes = 0
        self.always_candidates: dict[Value, int] = {}

    def masks(self, column: Sequence[Value]) -> list[int]:
        """Return the rules that remain possible for each value of the column."""
        known = list(map(self._masks.get, column))
        if None not in known:
            return known  # type: ignore[return-value]  # no None is in it
        if len(self._masks) > _KEPT_VALUES or self._bytes > _KEPT_BYTES:
            self._masks.clear()
            self.always_candidates.clear()
            self._bytes = 0
        return [self._masks[value] if value in self._masks else self._new_mask(value) for value in column]

    def _new_mask(self, value: Value) -> int:
        """Return, and remember, the rules that remain possible for `value`."""
        mask, evaluated = self._others, list(self._of_rules)
        if isinstance(value, str):
            mask, evaluated = mask | self._by_constant.get(value, 0), self._evaluated
            self._bytes += len(value) if value.isascii() else _LARGEST_CHARACTER * len(value)
        event = {} if value is self._missing else {self._field: value}
        for number in evaluated:
            result = _result(self._of_rules[number], event)
            if result is not False:
                mask |= 1 << number
            if result is None:
                self.always_candidates[value] = self.always_candidates.get(value, 0) | 1 << number
        self._masks[value] = mask
        return mask


def _result(conditions: Iterable[Condition], event: dict[str, Hashable]) -> bool | None:
    """Return whether all conditions are True for the event; None: one raised or was not a boolean."""
    for condition in conditions:
        try:
            result = condition.evaluate(event)
        except Exception:  # noqa: BLE001 (a rule may raise anything; evaluated in full, it is reported)
            return None
        if result is not True:
            return False if result is False else None
    return True


def _wanted(conditions: Sequence[Condition]) -> list[str]:
    """Return the most selective field of a rule, and the fields before it whose conditions may raise."""
    if not conditions:
        return []
    best = min(conditions, key=lambda condition: condition.selectivity)
    before = conditions[: conditions.index(best)]
    return [best.field, *(condition.field for condition in before if condition.may_raise)]
