"""Detection packs: sets of rules, including the default rules. Pure, except that it reads its data; for Python 3.9 too.

`python -m cloudtrail_to_slack_dev.generate` writes the data from `packs/*.yaml`, where rules are changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloudtrail_to_slack.rules.model import FieldKind, Rule, Severity, Threshold, rule_fields

DEFAULT_PACK = "default"
DEFAULT_PREFIX = "default/"  # of their IDs, so that no user's rule has one by chance
EVENTS_TO_TRACK_ID = "events-to-track"
_FOLDER = Path(__file__).parent
_LISTS = {each.name for each in rule_fields(Rule) if each.kind in (FieldKind.STRINGS, FieldKind.TECHNIQUES)}
_OWN_FUNCTION = "'cloudtrail-to-slack'"  # stands for the function's name in the rules about itself
# Lambda and CloudFront add the date of their API: UpdateFunctionCode20150331v2, CreateDistribution2020_05_31.
_OF_A_DATE = "0123456789v_"
_DATED = re.compile(r"20\d{6}(?:v\d+)?$|20\d\d_\d\d_\d\d$", re.ASCII)


def pack_names() -> list[str]:
    """Return the names of all packs, in order."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def pack_rules(name: str, function_name: str | None) -> tuple[Rule, ...]:
    """Return the rules of a pack, in order; rules about the function itself need its name.

    Raises:
        KeyError: there is no such pack.
    """
    if name == DEFAULT_PACK:
        return default_rules(function_name)
    if name not in pack_names():
        raise KeyError(name)
    defaults = {rule.id: rule for rule in default_rules(function_name)}
    rules = [defaults.get(entry) if isinstance(entry, str) else _rule(entry, is_shipped=True) for entry in _read(name)]
    return tuple(rule for rule in rules if rule)


def default_rules(function_name: str | None) -> tuple[Rule, ...]:
    """Return the default rules; the two about the function itself need its name, and are left out without it."""
    rules = []
    for entry in _read(DEFAULT_PACK):
        before, own, after = entry["expression"].partition(_OWN_FUNCTION)
        if function_name or not own:
            expression = f"{before}{function_name!r}{after}" if own else before
            rules.append(_rule({**entry, "expression": expression}, is_shipped=False))
    return tuple(rules)


def all_pack_rule_ids() -> frozenset[str]:
    """Return the ids of the rules of all packs."""
    rules = (rule for name in pack_names() for rule in pack_rules(name, "any"))
    return frozenset(rule.id for rule in rules if rule.id)


def events_to_track_rule(names: tuple[str, ...]) -> Rule:
    """Return the rule that matches every event with one of these names, also where an API date follows the name."""
    expression = f'event.get("eventName") in {list(names)!r}'
    undated = [name for name in names if not _DATED.search(name)]
    if undated:
        prefixes = tuple(f"{name}20" for name in undated)
        bare = sorted({name.rstrip(_OF_A_DATE) for name in undated})
        expression += (
            f' or (str(event.get("eventName")).startswith({prefixes!r})'
            f' and str(event.get("eventName")).rstrip("{_OF_A_DATE}") in {bare!r})'
        )
    title, description = "On the list of events to track", "An event whose name is in events_to_track."
    return Rule(expression, id=EVENTS_TO_TRACK_ID, title=title, description=description)


def _read(name: str) -> list[Any]:
    """Return the entries of a pack: its rules, and IDs of default rules."""
    rules: list[Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return rules


def _rule(entry: Mapping[str, Any], *, is_shipped: bool) -> Rule:
    values = {**entry, "severity": Severity[entry["severity"].upper()]}
    values.update({key: tuple(values[key]) for key in _LISTS if key in values})
    if "threshold" in values:
        values["threshold"] = Threshold(**{**values["threshold"], "by": tuple(values["threshold"]["by"])})
    return Rule(**values, is_shipped=is_shipped)


DEFAULT_RULE_IDS = frozenset(entry["id"] for entry in _read(DEFAULT_PACK))
