"""Screen many records at once, decoding only the fields that the rules' index needs.

The decoder refuses unusual records, such as one with a field that is not a string, or a top-level key that reads like
a nested one. Then every record of the chunk is decoded in full.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec

from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.index.index import Value

_String = str | None | msgspec.UnsetType
_Never = Literal["\x00 no value"] | msgspec.UnsetType


class Prefilter:
    """Finds the candidate rules of each record of a chunk, by its `fields`; made once per cold start."""

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set
        self._index = rule_set.index(missing=msgspec.UNSET)
        self.fields = self._index.fields
        # Returns the candidate rules of a record, as bits, that its text does not rule out.
        self.possible = rule_set.required_keys().possible
        self._array = msgspec.json.Decoder(list[_record_type(self.fields)])  # type: ignore[misc]  # made at run time

    def scan_array(self, text: bytes) -> list[int]:
        """Return for each record of a JSON array the rules that may match or raise an error, as bits.

        Raises:
            msgspec.ValidationError: a record must be decoded in full.
            msgspec.DecodeError: `text` is not a JSON array.
        """
        records: list[Any] = self._array.decode(text)
        return self._index.candidates([_column(records, field) for field in self.fields], len(records))


def _record_type(fields: Sequence[str]) -> type[msgspec.Struct]:
    """Return a type with just these fields; nested fields belong to nested types."""
    nested: dict[str, list[tuple[str, Any, Any]]] = {}
    members: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for field in fields:
        parent, _, child = field.partition(".")
        if child:
            nested.setdefault(parent, []).append((child, _String, msgspec.UNSET))
            # A flat key of this name would look the same to a rule.
            names[f"{parent}_{child}"] = field
            members.append((f"{parent}_{child}", _Never, msgspec.UNSET))
        else:
            members.append((field, _String, msgspec.UNSET))
    for parent, children in nested.items():
        inner = msgspec.defstruct(parent, children, gc=False)
        members.append((parent, inner | None | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct("Record", members, rename=names, gc=False)


def _column(records: Sequence[Any], field: str) -> list[Value]:
    try:
        return list(map(attrgetter(field), records))
    except AttributeError:  # an object that is null or missing has no such field
        parent, _, child = field.partition(".")
        return [getattr(getattr(record, parent), child, msgspec.UNSET) for record in records]
