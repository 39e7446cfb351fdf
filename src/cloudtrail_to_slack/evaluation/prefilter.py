"""Looking at many records at once, decoding only the fields that the rules' index asks for.

A decoder is made for just those fields; everything else in a record is skipped over. What does not fit (a field that
is no text, an identity that is no object, a top-level key that reads like a nested one) is refused by the decoder, and
then every record of the window is looked at in full.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec

from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.index.index import Value

_Text = str | None | msgspec.UnsetType
_Never = Literal["\x00 no value"] | msgspec.UnsetType


class Prefilter:
    """Finds the candidate rules of each record of a chunk."""

    def __init__(self, rule_set: RuleSet) -> None:
        self._index = rule_set.index(missing=msgspec.UNSET)
        self._required_keys = rule_set.required_keys()
        self._record = _record_type(self._index.fields)
        self._array = msgspec.json.Decoder(list[self._record])  # type: ignore[name-defined]  # made at run time

    @property
    def fields(self) -> tuple[str, ...]:
        """The flattened keys of the fields that are decoded."""
        return self._index.fields

    def scan_array(self, text: bytes) -> list[int]:
        """Return for each record of a JSON array the rules that may match or raise, as bits.

        Raises:
            msgspec.ValidationError: a record must be looked at in full.
            msgspec.DecodeError: `text` is no JSON array.
        """
        return self._candidates(self._array.decode(text))

    def possible(self, candidates: int, text: bytes | memoryview) -> int:
        """Return those of the candidate rules of a record, as bits, that its text does not rule out."""
        return self._required_keys.possible(candidates, text)

    def _candidates(self, records: list[Any]) -> list[int]:
        columns = [_column(records, field) for field in self._index.fields]
        return self._index.candidates(columns, len(records))


def _record_type(fields: Sequence[str]) -> type[msgspec.Struct]:
    """Return a type with just these fields; a field of an object is a field of a type of its own."""
    nested: dict[str, list[str]] = {}
    members: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for field in fields:
        parent, _, child = field.partition(".")
        if child:
            nested.setdefault(parent, []).append(child)
            # The same key written flat would be the same to a rule.
            names[f"{parent}_{child}"] = field
            members.append((f"{parent}_{child}", _Never, msgspec.UNSET))
        else:
            members.append((field, _Text, msgspec.UNSET))
    for parent, children in nested.items():
        inner = msgspec.defstruct(parent, [(child, _Text, msgspec.UNSET) for child in children], gc=False)
        members.append((parent, inner | None | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct("Record", members, rename=names, gc=False)


def _column(records: Sequence[Any], field: str) -> list[Value]:
    try:
        return list(map(attrgetter(field), records))
    except AttributeError:  # an object that is null or missing has no such field
        parent, _, child = field.partition(".")
        return [getattr(getattr(record, parent), child, msgspec.UNSET) for record in records]
