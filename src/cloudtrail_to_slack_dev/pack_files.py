"""The detection packs as people write them, `packs/*.yaml`, and as the function reads them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cloudtrail_to_slack.rules.model import FILE_ONLY_FIELDS
from cloudtrail_to_slack.rules.packs import DEFAULT_PACK

ROOT = Path(__file__).resolve().parents[2]
PACKS = ROOT / "packs"
DATA = ROOT / "src" / "cloudtrail_to_slack" / "rules" / "packs"
_FILE_ONLY = {each.name for each in FILE_ONLY_FIELDS}
# What every rule of a pack must have.
_REQUIRED = (
    "id", "title", "severity", "expression", "description", "false_positives", "first_steps", "mitre", "references",
    "tests",
)  # fmt: skip


def read_packs() -> dict[str, dict[str, Any]]:
    """Return the content of each pack's file, by name.

    Raises:
        ValueError: a rule lacks a field.
    """
    packs = {path.stem: yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in sorted(PACKS.glob("*.yaml"))}
    for name, pack in packs.items():
        for number, rule in enumerate(pack.get("rules") or []):
            if missing := [key for key in _REQUIRED if key not in rule]:
                raise ValueError(f"packs/{name}.yaml: {rule.get('id', f'rules[{number}]')} lacks {', '.join(missing)}")
    return packs


def own_rules(packs: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return every rule once, by id, with its tests; the pack in which it is written comes first in its id."""
    return {rule["id"]: rule for pack in packs.values() for rule in pack.get("rules") or []}


def rules_of(packs: Mapping[str, dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    """Yield the rules of a pack: those it includes by id, then those that are written in it.

    Raises:
        KeyError: it includes a rule that no pack has.
    """
    rules = own_rules(packs)
    for rule_id in packs[name].get("include") or []:
        yield rules[rule_id]
    yield from packs[name].get("rules") or []


def data_files() -> dict[Path, str]:
    """Return what the function reads, by path: lists of rules, and of ids of default rules."""
    packs = read_packs()
    return {
        DATA / f"{name}.json": json.dumps([_as_data(rule, name) for rule in rules_of(packs, name)], indent=1) + "\n"
        for name in packs
    }


def _as_data(rule: Mapping[str, Any], pack: str) -> object:
    if pack != DEFAULT_PACK and rule["id"].startswith(f"{DEFAULT_PACK}/"):
        return rule["id"]
    data = {key: value for key, value in rule.items() if key not in _FILE_ONLY}
    if "threshold" in data:
        by = data["threshold"].get("by") or []
        data["threshold"] = {**data["threshold"], "by": [by] if isinstance(by, str) else by}
    return data
