"""Rules are read one by one: what is wrong with one stops no other."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.config.loader import Config, read_config
from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleSet, Severity
from cloudtrail_to_slack.rules.packs import default_rules
from support.strategies import json_values

GOOD = 'event.get("eventName") == "Good"'
TODAY = date(2026, 1, 1)


def read(**data: Any) -> Config:
    """The configuration of `data` without default rules, of which the whole must have no fault."""
    config, found = read_config({"use_default_rules": False, **data})
    assert found == []
    return config


def issues(config: Config) -> list[tuple[str, bool, list[str]]]:
    """The issues of a configuration: the path, whether the rule is left out, its found as people read them."""
    return [(issue.path, issue.left_out, [str(fault) for fault in issue.details]) for issue in config.rule_issues]


LEFT_OUT: dict[str, tuple[Any, str]] = {
    "no Python": ("event[", "rules[0]: is not a Python expression"),
    "a number": (5, "rules[0]: must be a string or an object with an expression, not a number"),
    "null": (None, "rules[0]: must be a string or an object with an expression, not null"),
    "a list": ([GOOD], "rules[0]: must be a string or an object with an expression, not a list"),
    "no expression": ({"id": "x"}, "rules[0].expression: is missing"),
    "an empty object": ({}, "rules[0].expression: is missing"),
    "an expression that is null": ({"expression": None}, "rules[0].expression: is missing"),
    "a blank expression": (" \n", "rules[0]: is missing"),
    "a blank expression in an object": ({"expression": " "}, "rules[0].expression: is missing"),
    "an expression of another type": (
        {"expression": True},
        "rules[0].expression: must be a Python expression, not a boolean",
    ),
    "what no rule may use": ("().__class__", "rules[0]: uses .__class__, which is not a method"),
    "a statement": ("import os", "rules[0]: is not a Python expression"),
    "two expressions": ("True\n\nTrue", "rules[0]: is not a Python expression"),
    "what closes a parenthesis it did not open": ("event['a']) or (\n True", "rules[0]: is not a Python expression"),
    "null bytes": ("True\0", "rules[0]: is not a Python expression"),
    "half a surrogate pair": ("'\ud800' == 'x'", "rules[0]: is not a Python expression"),
    "too deep": ("(" * 5000 + "True" + ")" * 5000, "rules[0]: is not a Python expression"),
    "too long": (f"event.get('a') == '{'x' * 300_000}'", "rules[0]: is longer than"),
}


@pytest.mark.parametrize(("rule", "fault"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_rule_without_a_usable_expression_is_left_out(rule: Any, fault: str) -> None:
    """A rule that cannot be evaluated is left out and reported with one fault; its neighbors are in force."""
    config = read(rules=[rule, GOOD, {"id": "last", "expression": "True"}])
    assert config.rules == (Rule(GOOD), Rule("True", id="last"))
    ((path, left_out, (found,)),) = issues(config)
    assert (path, left_out) == ("rules[0]", True)
    assert found.startswith(fault)


KEPT: dict[str, tuple[dict[str, Any], str]] = {
    "a number as the id": ({"id": 7}, "rules[0].id: must be a string, not a number"),
    "a list as the id": ({"id": ["x"]}, "rules[0].id: must be a string, not a list"),
    "mitre as text": ({"mitre": "T1562.008"}, "rules[0].mitre: must be a list, not a string"),
    "mitre of another type": ({"mitre": [1]}, "rules[0].mitre[0]: must be a string, not a number"),
    "mitre that is no technique": (
        {"mitre": ["TA0005"]},
        "rules[0].mitre: has 'TA0005', which is not a technique such as T1562.008",
    ),
    "first steps as text": ({"first_steps": "Call."}, "rules[0].first_steps: must be a list, not a string"),
    "false positives of another type": (
        {"false_positives": [None]},
        "rules[0].false_positives[0]: must be a string, not null",
    ),
    "a severity there is not": ({"severity": "bad"}, "rules[0].severity: must be one of info, low, medium, high, crit"),
    "a severity of another type": ({"severity": 5}, "rules[0].severity: must be a string, not a number"),
    "a runbook that is no address": (
        {"runbook_url": "javascript:alert(1)"},
        "rules[0].runbook_url: must be an http(s) address",
    ),
    "a title of another type": ({"title": {}}, "rules[0].title: must be a string, not an object"),
    "a key that is misspelt": (
        {"severty": "high"},
        "rules[0].severty: is not a known key; did you mean severity?",
    ),
    "a key like none": ({"team": "sec"}, "rules[0].team: is not a known key; the keys are description, expr"),
    "an empty key": ({"": 1}, "rules[0]: is not a known key"),
}


@pytest.mark.parametrize(("fields", "fault"), KEPT.values(), ids=KEPT)
def test_a_rule_with_a_usable_expression_is_evaluated(fields: dict[str, Any], fault: str) -> None:
    """Whatever else is wrong with a rule is reported, and the rule is evaluated without it."""
    config = read(rules=[{"expression": GOOD, **fields}])
    assert config.rules == (Rule(GOOD),)
    ((path, left_out, (found,)),) = issues(config)
    assert (path, left_out) == ("rules[0]", False)
    assert found.startswith(fault)


def test_several_faults_of_a_rule_are_one_issue() -> None:
    """Of a rule every fault is reported, and it counts once."""
    config = read(rules=[{"expression": GOOD, "id": 7, "severity": "bad", "x": 1, "title": "Kept"}])
    assert config.rules == (Rule(GOOD, title="Kept"),)
    ((_, _, found),) = issues(config)
    assert [fault.split(":")[0] for fault in found] == ["rules[0].x", "rules[0].id", "rules[0].severity"]


def test_rules_of_one_id_are_all_evaluated() -> None:
    """Of rules that share an id the first keeps it; the others are evaluated and go by their expressions."""
    rules = [{"expression": f"event.get('a') == {number}", "id": "x"} for number in range(3)]
    config = read(rules=[*rules, {"expression": GOOD, "id": "y"}])
    assert [(rule.id, rule.expression[-1]) for rule in config.rules[:3]] == [("x", "0"), (None, "1"), (None, "2")]
    assert config.rules[3].id == "y"
    assert issues(config) == [
        (f"rules[{number}]", False, [f"rules[{number}].id: is 'x', and another rule has that id already"])
        for number in (1, 2)
    ]


@pytest.mark.parametrize("rule_id", ["default/access-denied", "events-to-track"])
def test_a_rule_with_the_id_of_a_rule_of_the_module_is_evaluated(rule_id: str) -> None:
    """The default rules and the events to track keep their ids; a user's rule of that id goes by its expression."""
    own = {"expression": GOOD, "id": rule_id, "severity": "critical"}
    config = read(use_default_rules=True, events_to_track=["A"], rules=[own])
    assert Rule(GOOD, severity=Severity.CRITICAL) in config.rules
    assert [rule.id for rule in config.rules].count(rule_id) == 1
    assert [issue.path for issue in config.rule_issues] == ["rules[0]"]
    assert read(rules=[own]).rule_issues == ()


def test_an_id_that_no_rule_in_force_has_is_free() -> None:
    """The id of a rule that is left out may be another's."""
    config = read(rules=[{"expression": "event[", "id": "x"}, {"expression": GOOD, "id": "x"}])
    assert config.rules == (Rule(GOOD, id="x"),)


IGNORE_RULES: dict[str, tuple[Any, str]] = {
    "no Python": ("event[", "ignore_rules[0]: is not a Python expression"),
    "a number": (5, "ignore_rules[0]: must be a string or an object with an expression"),
    "a day that is none": ({"expression": "True", "expires": "next year"}, "ignore_rules[0].expires: must be a day"),
    "a day of another type": ({"expression": "True", "expires": 2027}, "ignore_rules[0].expires: must be a string"),
    "a misspelt day": ({"expression": "True", "expire": "2020-01-01"}, "ignore_rules[0].expire: is not a known key"),
    "a number as the id": ({"expression": "True", "id": 7}, "ignore_rules[0].id: must be a string"),
    "a key of a rule": ({"expression": "True", "title": "x"}, "ignore_rules[0].title: is not a known key"),
}


@pytest.mark.parametrize(("rule", "fault"), IGNORE_RULES.values(), ids=IGNORE_RULES)
def test_an_ignore_rule_with_any_fault_is_left_out(rule: Any, fault: str) -> None:
    """What is wrong with an ignore rule can make more alerts and never fewer: it is left out, the next is not."""
    config = read(rules=[GOOD], ignore_rules=[rule, "event.get('a') == 1"])
    assert config.ignore_rules == (IgnoreRule("event.get('a') == 1"),)
    ((path, left_out, (found,)),) = issues(config)
    assert (path, left_out) == ("ignore_rules[0]", True)
    assert found.startswith(fault)


def test_what_helps_with_an_alert_is_kept() -> None:
    """False positives, first steps and references are kept, stripped; tests are for the command line."""
    helps = {"false_positives": [" A backup "], "first_steps": ["Ask.", " "], "references": ["https://x.example"]}
    config = read(rules=[{"expression": GOOD, **helps, "tests": [{"name": "x"}]}], ignore_rules=[])
    wanted = Rule(GOOD, false_positives=("A backup",), first_steps=("Ask.",), references=("https://x.example",))
    assert config.rules == (wanted,)
    assert config.rule_issues == ()


@pytest.mark.parametrize("tests", [None, [], [{"expect": "match"}], "anything", 7])
def test_the_tests_of_a_rule_file_are_dropped(tests: Any) -> None:
    """Whatever `tests` holds is no matter for the function."""
    config = read(rules=[{"expression": GOOD, "tests": tests}], ignore_rules=[{"expression": "True", "tests": tests}])
    assert (config.rules, config.ignore_rules) == ((Rule(GOOD),), (IgnoreRule("True"),))
    assert config.rule_issues == ()


@pytest.mark.parametrize("written", ["default/access-denied", "access-denied", " access-denied "])
def test_a_default_rule_is_switched_off_by_its_id(written: str) -> None:
    """A default rule goes by its id, with or without `default/`; the others stay."""
    config = read(use_default_rules=True, disabled_rules=[written])
    assert [rule.id for rule in config.rules] == [
        rule.id for rule in default_rules(None) if rule.id != "default/access-denied"
    ]
    assert config.rule_issues == ()


def test_other_rules_are_switched_off_by_their_ids() -> None:
    """A rule of one's own and the rule of the events to track can be switched off, and a rule that is off anyway."""
    disabled = ["mine", "events-to-track", "default/own-function-code-changed", "default/root-activity"]
    own = [{"expression": "True", "id": "mine"}, {"expression": GOOD, "id": "other"}, GOOD]
    config = read(rules=own, events_to_track=["A"], disabled_rules=disabled)
    assert config.rules == (Rule(GOOD, id="other"), Rule(GOOD))
    assert config.rule_issues == ()


UNKNOWN_IDS: dict[str, tuple[Any, str]] = {
    "misspelt": (
        "default/acess-denied",
        "is 'default/acess-denied', and no rule has that id; did you mean default/acc",
    ),
    "misspelt without the prefix": ("root-activty", "did you mean default/root-activity or default/assumed-root-act"),
    "a part of the id": ("stop-logging", "did you mean default/cloudtrail-stop-logging?"),
    "misspelt, of one's own": ("mien", "is 'mien', and no rule has that id; did you mean mine?"),
    "unlike any": ("x" * 500, "and no rule has that id"),
    "empty": ("", "is '', and no rule has that id"),
    "no string": (7, "must be the id of a rule, not a number"),
    "null": (None, "must be the id of a rule, not null"),
}


@pytest.mark.parametrize(("written", "problem"), UNKNOWN_IDS.values(), ids=UNKNOWN_IDS)
def test_an_id_that_no_rule_has_is_an_issue(written: Any, problem: str) -> None:
    """An id that switches nothing off is reported with what it may have meant, and every rule applies."""
    config = read(rules=[{"expression": GOOD, "id": "mine"}], disabled_rules=[written])
    assert config.rules == (Rule(GOOD, id="mine"),)
    ((path, _, (found,)),) = issues(config)
    assert path == "disabled_rules[0]"
    assert problem in found


def test_switching_off_every_rule_is_a_fault() -> None:
    """A configuration whose last rule is switched off can match nothing, which is a fault of the whole."""
    _, found = read_config({"use_default_rules": False, "rules": [{"expression": "True", "id": "a"}],
                             "disabled_rules": ["a"]})  # fmt: skip
    assert [fault.path for fault in found] == ["rules"]
    _, found = read_config({"disabled_rules": "access-denied"})
    assert [str(fault) for fault in found] == ["disabled_rules: must be a list, not a string"]


def test_an_expired_ignore_rule_is_in_order() -> None:
    """An ignore rule whose day is over is not an issue."""
    config = read(rules=[GOOD], ignore_rules=[{"expression": "True", "expires": "2020-01-01"}])
    assert (len(config.ignore_rules), config.rule_issues) == (1, ())


def test_names_to_track_that_are_none_are_left_out() -> None:
    """A name of another type is reported, and the other names are tracked."""
    config = read(events_to_track=["A", 5, None, " ", "B"])
    assert [RuleSet(config.rules, []).evaluate({"eventName": name}, TODAY).outcome.value for name in "ABC"] == [
        "matched",
        "matched",
        "unmatched",
    ]
    assert issues(config) == [
        ("events_to_track[1]", True, ["events_to_track[1]: must be the name of an event, not a number"]),
        ("events_to_track[2]", True, ["events_to_track[2]: must be the name of an event, not null"]),
    ]


def test_too_many_names_to_track_stop_no_rule() -> None:
    """Names that make no rule are reported, and the other rules are in force."""
    config = read(rules=[GOOD], events_to_track=["x" * 300_000])
    assert config.rules == (Rule(GOOD),)
    assert [(path, left_out) for path, left_out, _ in issues(config)] == [("events_to_track", True)]


def test_one_half_of_a_joined_string_stops_no_other_rule() -> None:
    """Of joined rules that fall apart in the wrong place, those that are whole are in force."""
    config = read(rules=f"{GOOD}, event.get('a', 1) == 1,True")
    assert [rule.expression for rule in config.rules] == [GOOD, "True"]
    assert [issue.path for issue in config.rule_issues] == ["rules[1]", "rules[2]"]


LINES = {
    "yaml block": ('event.get("eventName") == "A"\nand event.get("errorCode") is None\n', None),
    "operator first and last": ('event.get("eventName") ==\n"A" and\n  event.get("errorCode") is None', None),
    "Windows": ('event.get("eventName") == "A"\r\n  and event.get("errorCode") is None\r\n', None),
    "blank lines": ('event.get("eventName") == "A"\n\n\n   and event.get("errorCode") is None', None),
    "parentheses of its own": ('(event.get("eventName") == "A"\n and event.get("errorCode") is None)', None),
    "backslash": ('event.get("eventName") == "A" \\\n and event.get("errorCode") is None', None),
    "comment": ('event.get("eventName") == "A"  # why\nand event.get("errorCode") is None  # because', "#"),
    "text over lines": ('"""x\n"""\nand event.get("eventName") == "A" and event.get("errorCode") is None', '"""x\n"""'),
}


@pytest.mark.parametrize(("text", "kept"), LINES.values(), ids=LINES)
@pytest.mark.parametrize("in_object", [False, True])
def test_a_rule_over_lines(text: str, kept: str | None, in_object: bool) -> None:  # noqa: FBT001 (a parameter)
    """An expression goes over lines as if in parentheses, and is shown in one where that means the same."""
    config = read(rules=[{"expression": text} if in_object else text])
    assert config.rule_issues == ()
    (rule,) = config.rules
    rule_set = RuleSet(config.rules, [])
    events = [{"eventName": "A"}, {"eventName": "A", "errorCode": "x"}, {"eventName": "B"}]
    evaluated = [rule_set.evaluate(event, TODAY).outcome.value for event in events]
    assert evaluated == ["matched", "unmatched", "unmatched"]
    assert (kept in rule.expression) if kept else ("\n" not in rule.expression)


def test_a_fault_in_a_rule_over_lines_shows_its_line() -> None:
    """What cannot be read in the third line is shown there, although an earlier line ends too soon for Python."""
    ((_, _, (fault,)),) = issues(read(rules=[f"{GOOD}\nand True\nand event[0 0]", GOOD]))
    assert fault.splitlines()[1] == "    and event[0 0]"


def test_a_refusal_in_a_rule_over_lines_shows_its_line() -> None:
    """What a rule may not use is pointed at in its own line."""
    ((_, _, (fault,)),) = issues(read(rules=[f"{GOOD}\n  and open('x')", GOOD]))
    assert fault.splitlines()[1:] == ["      and open('x')", "          ^^^^"]


@settings(deadline=None, max_examples=150)
@given(rules=json_values(), ignore_rules=json_values(), tracked=json_values())
def test_any_rules(rules: Any, ignore_rules: Any, tracked: Any) -> None:
    """No rules raise, and whatever they are the default rules are in force or the whole has a fault."""
    config, found = read_config({"rules": rules, "ignore_rules": ignore_rules, "events_to_track": tracked})
    RuleSet(config.rules, config.ignore_rules)
    assert found or config.rules[: len(default_rules(None))] == default_rules(None)
