"""The detection packs: complete, tested, quiet about nothing, and the same as what the function reads."""

import copy
import functools
import gzip
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bench.records import log_file

from cloudtrail_to_slack.alerts.alert import with_facts
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import EventOutcome, RuleSet
from cloudtrail_to_slack.rules.index.indexable_conditions import indexable_conditions_of
from cloudtrail_to_slack.rules.lint.linter import warnings_for
from cloudtrail_to_slack.rules.model import FILE_ONLY_FIELDS, TECHNIQUE_PATTERN, Rule, rule_fields
from cloudtrail_to_slack.rules.packs import DEFAULT_RULE_IDS, all_pack_rule_ids, default_rules, pack_names, pack_rules
from cloudtrail_to_slack_cli.rule_files.rule_file import read_rule_file
from cloudtrail_to_slack_cli.rule_tests.runner import FileRunner
from cloudtrail_to_slack_dev import pack_files
from cloudtrail_to_slack_dev.pack_files import PACKS, data_files, own_rules, read_packs, rules_of

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "events.jsonl.gz"
NAMES = ("cis-aws-foundations", "credential-access", "default", "defense-evasion", "discovery",
         "execution-lateral-movement", "exfiltration", "impact", "initial-access", "persistence",
         "privilege-escalation", "recommended")  # fmt: skip
FILES = read_packs()
RULES = own_rules(FILES)
SHIPPED = {rule.id: rule for name in NAMES for rule in pack_rules(name, "cloudtrail-to-slack")}
TODAY = date(2026, 3, 14)
# What an attacker, or a service that writes its events otherwise, may put where a rule expects something else.
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    "",
    "x",
    "*",
    '"',
    '"Principal"',
    "0.0.0.0/0",
    [],
    {},
    ["x"],
    {"x": "y"},
    "\ud800",
)


@functools.cache
def alone(rule: Rule) -> RuleSet:
    """The engine with one rule."""
    return RuleSet([rule], [])


def candidates(rule: Rule, record: dict[str, Any]) -> EventOutcome:
    """What a rule alone makes of a record; that it raises is an error."""
    evaluation = alone(rule).evaluate(read_event(record).flat, TODAY)
    assert evaluation.problems == ()
    return evaluation.outcome


def test_titles_name_what_there_is() -> None:
    """Whichever of its events a rule matches, its title does not speak of something unknown."""
    unknown = {
        (rule_id, test["event"]["eventName"])
        for rule_id, rule in RULES.items()
        for test in rule["tests"]
        if test.get("expect") == "match" and "event" in test
        if "unknown" in with_facts((SHIPPED[rule_id],), read_event(test["event"]))[0].facts
    }
    assert unknown == set()


def test_these_packs_are_shipped() -> None:
    """There are the packs that the docs name, each with a file, and each with the data that the function reads."""
    assert tuple(pack_names()) == NAMES == tuple(FILES)
    assert {path.stem for path in data_files()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_function_reads_is_what_the_file_says(name: str) -> None:
    """Both forms of a pack have the same rules, in the same order, with the same fields."""
    read = [{key: getattr(rule, key) for key in ("id", "title", "expression")} | {"severity": rule.severity.word}
            for rule in pack_rules(name, "cloudtrail-to-slack")]  # fmt: skip
    written = [{key: rule[key] for key in ("id", "title", "expression", "severity")} for rule in rules_of(FILES, name)]
    assert read == written
    for rule in rules_of(FILES, name):
        shipped = SHIPPED[rule["id"]]
        for key in ("mitre", "false_positives", "first_steps", "references"):
            assert getattr(shipped, key) == tuple(rule.get(key, ()))
        assert (shipped.threshold is not None) == ("threshold" in rule)
        if shipped.threshold:
            assert shipped.threshold.count == rule["threshold"]["count"]


def test_the_default_pack_is_the_default_rules() -> None:
    """The default pack documents the default rules, and has no other."""
    assert pack_rules("default", None) == default_rules(None)
    assert [rule["id"] for rule in FILES["default"]["rules"]] == [rule.id for rule in default_rules("any")]


def test_rules_are_written_in_one_pack_and_included_in_others() -> None:
    """The id of a rule begins with its pack, no id is there twice, and what is included exists."""
    written = [rule["id"] for pack in FILES.values() for rule in pack.get("rules") or []]
    assert len(written) == len(set(written)) == len(RULES)
    for name, pack in FILES.items():
        assert set(pack) <= {"rules", "include"}
        assert all(rule["id"].startswith(f"{name}/") for rule in pack.get("rules") or [])
        assert set(pack.get("include") or []) <= set(RULES)
    assert all_pack_rule_ids() == set(RULES)


def test_a_rule_that_lacks_a_field_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An incomplete rule of a pack is an error that names the file, the rule and what it lacks."""
    rule = {**next(iter(RULES.values())), "id": "impact/new"}
    del rule["first_steps"], rule["tests"]
    (tmp_path / "impact.yaml").write_text(json.dumps({"rules": [rule]}))
    monkeypatch.setattr(pack_files, "PACKS", tmp_path)
    with pytest.raises(ValueError, match=r"packs/impact\.yaml: impact/new lacks first_steps, tests"):
        read_packs()


def test_an_unknown_pack_is_refused() -> None:
    """A pack is a file of the folder, whatever its name looks like."""
    for name in ("none", "../default_rules", "", "recommended.json"):
        with pytest.raises(KeyError):
            pack_rules(name, None)


def test_the_rules_about_the_function_need_its_name() -> None:
    """Without the function's name the two rules about it are left out of every pack."""
    ids = {rule.id for rule in pack_rules("recommended", None)}
    assert "default/root-activity" in ids
    assert "default/own-function-code-changed" not in ids


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_says_what_people_need(rule_id: str) -> None:
    """Every rule has all fields, a meaning of two sentences, three first steps, a technique, a match and a miss."""
    rule = RULES[rule_id]
    own = {"attempt"} if rule_id in DEFAULT_RULE_IDS else set()  # what the default rules alone have
    assert set(rule) - own <= {each.name for each in (*rule_fields(Rule), *FILE_ONLY_FIELDS)}
    assert rule["title"]
    assert len(re.sub(" or [^ }]+", "", rule["title"])) <= 100
    assert rule["description"].endswith(".")
    assert len(re.findall(r"[.!?](?= |$)", rule["description"])) == 2
    assert len(rule["first_steps"]) == 3
    assert rule["false_positives"]
    assert all(address.startswith("https://") for address in rule["references"])
    assert rule["mitre"]
    assert all(re.search(TECHNIQUE_PATTERN, technique) for technique in rule["mitre"])
    # Revoked by ATT&CK 19, which made T1685 and T1686 of it.
    assert not any(technique.startswith("T1562") for technique in rule["mitre"])
    assert {"match", "no_match"} <= {test["expect"] for test in rule["tests"]}


@pytest.mark.parametrize("rule_id", sorted(set(RULES) - DEFAULT_RULE_IDS))
def test_a_rule_is_cheap_and_free_of_mistakes(rule_id: str) -> None:
    """The index can leave a rule out by the event's name, error, source or identity; the linter finds nothing in it."""
    expression = RULES[rule_id]["expression"]
    assert indexable_conditions_of(expression) or rule_id == "cis-aws-foundations/5.1-unauthorized-calls"
    assert [str(warning) for warning in warnings_for(expression, ignores=False, most=20)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_of_a_pack_pass(name: str) -> None:
    """Every match and near miss in a pack's file is as expected, by the runner that users have."""
    if FILES[name].get("rules"):
        results = list(FileRunner(read_rule_file(str(PACKS / f"{name}.yaml"))).run())
        assert [f"{result.rule}: {result.name}: {result.why}" for result in results if not result.passed] == []
        assert len(results) >= 2 * len(FILES[name]["rules"])


@pytest.mark.parametrize("rule_id", sorted(set(RULES) - DEFAULT_RULE_IDS))
def test_no_rule_raises_on_odd_events(rule_id: str) -> None:
    """Whatever stands in a field that a rule looks at, it answers True or False."""
    rule = SHIPPED[rule_id]
    for test in RULES[rule_id]["tests"]:
        if test["expect"] == "match":
            assert candidates(rule, test["event"]) is EventOutcome.MATCHED
            for path in paths(test["event"]):
                for odd in ODD:
                    candidates(rule, changed(test["event"], path, odd))


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value of a record stands but its name and source, which a rule compares."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if not before or before in {("eventName",), ("eventSource",)} else [before]
    return found + [path for key, child in children for path in paths(child, (*before, key))]


def changed(record: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """A record with another value in one place."""
    record = copy.deepcopy(record)
    place: Any = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return record


@pytest.mark.skipif(not CORPUS.is_file(), reason=f"the corpus of real events is not at {CORPUS}")
def test_no_rule_raises_on_real_events() -> None:
    """Every rule of every pack can decide about every real event."""
    rules = RuleSet(SHIPPED.values(), [])
    with gzip.open(CORPUS, "rt") as lines:
        for line in lines:
            assert rules.evaluate(read_event(json.loads(line)["event"]).flat, TODAY).problems == ()


def test_recommended_leaves_ordinary_records_undecoded() -> None:
    """Few records that alert on nothing are decoded in full for a rule of `recommended`: that is what keeps it fast."""
    records = json.loads(gzip.decompress(log_file(2_000, matching=0)))["Records"]
    texts = [json.dumps(record, separators=(",", ":")).encode() for record in records]
    prefilter = Prefilter(RuleSet(pack_rules("recommended", "cloudtrail-to-slack"), []))
    masks = prefilter.scan_array(b"[" + b",".join(texts) + b"]")
    decoded = sum(map(bool, map(prefilter.possible, masks, texts)))
    assert decoded < 20
