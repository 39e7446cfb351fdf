"""Detection packs: named sets of rules. Pure, but for reading its own data.

`packs/*.yaml` in the repository is where people read and change them; `python -m cloudtrail_to_slack_dev.generate`
writes them as JSON into this folder, which is read only for the packs that a configuration names.

Readable to Python 3.9 too, like the model of rules.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.rules.default_rules import DEFAULT_RULE_IDS, default_rules
from cloudtrail_to_slack.rules.model import Rule, Severity, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PACK = "default"
_FOLDER = Path(__file__).parent
_SEVERITIES = {severity.word: severity for severity in Severity}
_LISTS = ("mitre", "false_positives", "first_steps", "references")


def pack_names() -> list[str]:
    """Return the names of all packs, in order."""
    return sorted([DEFAULT_PACK, *(path.stem for path in _FOLDER.glob("*.json"))])


def pack_rules(name: str, function_name: str | None) -> tuple[Rule, ...]:
    """Return the rules of a pack, in order; `function_name` is what the rules about the function itself need.

    Raises:
        KeyError: there is no such pack.
    """
    if name == DEFAULT_PACK:
        return default_rules(function_name)
    if name not in pack_names():
        raise KeyError(name)
    defaults = {rule.id: rule for rule in default_rules(function_name)}
    rules = []
    for entry in json.loads((_FOLDER / f"{name}.json").read_bytes()):
        if isinstance(entry, str):  # the id of a default rule
            rules += [defaults[entry]] if entry in defaults else []
        else:
            rules.append(_rule(entry))
    return tuple(rules)


def all_pack_rule_ids() -> frozenset[str]:
    """Return the ids of the rules of all packs."""
    rules = (rule for name in pack_names() if name != DEFAULT_PACK for rule in pack_rules(name, None))
    return DEFAULT_RULE_IDS | {rule.id for rule in rules if rule.id}


def _rule(entry: Mapping[str, Any]) -> Rule:
    values = dict(entry)
    values["severity"] = _SEVERITIES[values["severity"]]
    values.update({key: tuple(values[key]) for key in _LISTS if key in values})
    if "threshold" in values:
        threshold = values["threshold"]
        values["threshold"] = Threshold(
            threshold["count"], threshold["minutes"], tuple(threshold["by"]), threshold.get("distinct")
        )
    return Rule(**values, is_shipped=True)
