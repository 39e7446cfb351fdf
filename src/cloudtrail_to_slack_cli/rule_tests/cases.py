"""The tests of a rule as they are written, and the events that they mean."""

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.event_input import as_json, choose, read_records, unwrap
from cloudtrail_to_slack_cli.rule_files.document import ValuePath
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleEntry, RuleFile
from cloudtrail_to_slack_cli.rule_tests.record_fields import remove_field, set_field
from cloudtrail_to_slack_cli.terminal import closest

EXPECTATIONS = ("match", "no_match", "ignored", "error")
KEYS = ("name", "expect", "event", "file", "sample", "set", "unset")
_BASES = ("event", "file", "sample")


@dataclass(frozen=True, slots=True)
class Case:
    """One test: its name, where it stands, what is expected, and its event; or the `problem` with how it is written."""

    entry: RuleEntry
    name: str
    path: ValuePath
    expect: str = ""
    event: dict[str, Any] | None = None
    problem: str | None = None
    problem_path: ValuePath = ()


class _CaseError(Exception):
    """What is wrong with a test, and the key that it is about."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(problem)


def cases_of(file: RuleFile, entry: RuleEntry) -> Iterator[Case]:
    """Yield the tests of a rule, also those that are wrong."""
    if entry.tests is None:
        return
    path: ValuePath = (*entry.path, "tests")
    if not isinstance(entry.tests, list):
        yield Case(entry, "tests", path, problem="tests must be a list", problem_path=path)
        return
    for number, written in enumerate(entry.tests):
        yield _case(file, entry, written, (*path, number))


def count_expected(entry: RuleEntry) -> tuple[int, int]:
    """Return how many tests of a rule expect it to match, and how many expect it not to."""
    wanted = ("match", "ignored") if entry.kind == "ignore_rules" else ("match",)
    listed = entry.tests if isinstance(entry.tests, list) else []
    expected = [written.get("expect") for written in listed if isinstance(written, dict)]
    unwanted = [each for each in EXPECTATIONS if each not in (*wanted, "error")]
    return sum(each in wanted for each in expected), sum(each in unwanted for each in expected)


def _case(file: RuleFile, entry: RuleEntry, written: object, path: ValuePath) -> Case:
    name = written.get("name") if isinstance(written, dict) else None
    shown = name.strip() if isinstance(name, str) and name.strip() else f"test {int(path[-1]) + 1}"
    try:
        if not isinstance(written, dict):
            raise _CaseError("", "a test must be an object with name, event and expect")  # noqa: TRY301 (one way out)
        expect = _expectation(written)
        return Case(entry, shown, path, expect, _event(file, written))
    except _CaseError as error:
        where = (*path, error.key) if error.key else path
        return Case(entry, shown, path, problem=str(error), problem_path=where)


def _expectation(written: dict[str, Any]) -> str:
    for key in written:
        if key not in KEYS:
            meant = closest(str(key), KEYS, f"; known are {', '.join(KEYS)}")
            raise _CaseError(str(key), f"a test has no key {key!r}{meant}")
    if "name" in written and not isinstance(written["name"], str | int | float):
        raise _CaseError("name", "name must be a string")
    expect = written.get("expect")
    if expect not in EXPECTATIONS:
        said = "is missing" if expect is None else f"is {expect!r}"
        raise _CaseError("expect", f"expect {said}; write one of {', '.join(EXPECTATIONS)}")
    return str(expect)


def _event(file: RuleFile, written: dict[str, Any]) -> dict[str, Any]:
    """Return the event that a test means.

    Raises:
        _CaseError: it means none.
    """
    event = written.get("event")
    if isinstance(event, dict) and event and set(event) <= {"sample", "file", "set", "unset"}:
        # The same keys, below `event` instead of beside it.
        return _event(file, {**{key: written[key] for key in ("set", "unset") if key in written}, **event})
    given = [key for key in _BASES if key in written]
    if len(given) != 1:
        problem = "is missing: write event, file or sample" if not given else f"is given by {' and by '.join(given)}"
        raise _CaseError(given[-1] if given else "", f"the event {problem}")
    return _changed(_base(file, given[0], written[given[0]]), written)


def _base(file: RuleFile, key: str, value: object) -> dict[str, Any]:
    if key == "event" and isinstance(value, dict):
        try:
            inline = next(iter(unwrap(as_json(value))), None)
        except ValueError as error:
            raise _CaseError(key, f"{key} has keys or values that no event has: {error}") from None
        if not isinstance(inline, dict):
            raise _CaseError(key, f"{key} contains no record")
        return inline
    if not isinstance(value, str):
        wanted = "an object, or the path of a file" if key == "event" else "a string"
        raise _CaseError(key, f"{key} must be {wanted}")
    if key == "sample":
        try:
            return copy.deepcopy(samples.load(value))
        except KeyError:
            meant = closest(value, samples.names(), "; `cloudtrail-to-slack events --samples` lists them")
            raise _CaseError(key, f"there is no sample {value!r}{meant}") from None
    try:
        # Relative to the rule file, else to the current folder.
        beside = Path(file.path).parent / value
        path = str(value if not os.path.exists(beside) and os.path.exists(value) else beside)  # noqa: PTH110 (any text)
        return choose(read_records(path), path)
    except CommandError as error:
        raise _CaseError(key, str(error)) from None


def _changed(event: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """Set and unset fields of a record, by their flattened names.

    Raises:
        _CaseError: that cannot be done.
    """
    to_set, to_unset = written.get("set") or {}, written.get("unset") or []
    if not isinstance(to_set, dict):
        raise _CaseError("set", "set must be an object of fields and their values")
    to_unset = [to_unset] if isinstance(to_unset, str) else to_unset
    if not isinstance(to_unset, list) or not all(isinstance(name, str) for name in to_unset):
        raise _CaseError("unset", "unset must be a list of fields")
    event = copy.deepcopy(event)
    for name in to_unset:
        if not remove_field(event, name.split(".")):
            raise _CaseError("unset", f"the event has no field {name}")
    for name, value in to_set.items():
        try:
            set_field(event, str(name).split("."), as_json(value))
        except ValueError as error:
            raise _CaseError("set", f"cannot set {name}: {error}") from None
    return event
