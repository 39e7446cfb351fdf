"""The command `test`: tests in rule files, run on the function's engine."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack_cli import samples
from support.command_line import cloudtrail_to_slack, write

RULES = """
rules:
  - id: key-created
    expression: >-
      event.get("eventName") == "CreateAccessKey"
      and event.get("userIdentity.type") == "Root"
    tests:
      - name: root creates a key
        sample: root-creates-access-key
        expect: match
      - name: a user creates a key
        sample: create-access-key
        expect: no_match
      - name: inline
        event: {eventName: CreateAccessKey, userIdentity: {type: Root}}
        expect: match
      - name: from a file
        event: events/key.json
        expect: match
      - name: from a file, by its own key
        file: events/key.json
        unset: [userIdentity.type]
        expect: no_match
      - name: changed, below the event
        event: {sample: root-creates-access-key, set: {userIdentity.type: IAMUser}}
        expect: no_match
      - name: rotation
        sample: root-creates-access-key
        set: {userIdentity.invokedBy: rotation.amazonaws.com}
        expect: ignored
  - id: raises
    expression: event["nothing"] == 1
    tests:
      - {name: raises, event: {eventName: X}, expect: error}
      - {name: with the field, event: {nothing: 1}, expect: match}
      - {name: with another value, event: {nothing: 2}, expect: no_match}
ignore_rules:
  - expression: event.get("userIdentity.invokedBy") == "rotation.amazonaws.com"
    tests:
      - {name: the service, event: {userIdentity: {invokedBy: rotation.amazonaws.com}}, expect: ignored}
      - {name: the service, event: {userIdentity: {invokedBy: rotation.amazonaws.com}}, expect: match}
      - {name: another, sample: create-access-key, expect: no_match}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rule file whose tests pass, with an event in a file beside it."""
    write(tmp_path, "events/key.json", json.dumps({"Records": [samples.load("root-creates-access-key")]}))
    return write(tmp_path, "rules.yaml", RULES)


def test_all_kinds_of_tests_pass(rules: Path) -> None:
    """Inline events, files and samples, changed or not, and every expectation work on rules and ignore rules."""
    ran = cloudtrail_to_slack("test", rules)
    assert (ran.code, ran.err) == (0, "")
    assert f"{rules} .............\n" in ran.out
    assert "13 passed (3 rules in 1 file" in ran.out


def test_a_failure_shows_the_first_condition_that_decided(tmp_path: Path) -> None:
    """A failed test names its line, what was expected, and the condition that decided with the values it read."""
    text = RULES.replace(
        "sample: create-access-key\n        expect: no_match", "sample: create-access-key\n        expect: match"
    )
    write(tmp_path, "events/key.json", json.dumps(samples.load("root-creates-access-key")))
    ran = cloudtrail_to_slack("test", write(tmp_path, "rules.yaml", text))
    assert ran.code == 1
    assert f"FAILED {tmp_path}/rules.yaml:11 key-created: a user creates a key" in ran.out
    assert 'decided by: event.get("userIdentity.type") == "Root"' in ran.out
    assert "\"userIdentity.type\" is 'IAMUser'" in ran.out
    assert "1 failed, 12 passed" in ran.out


@pytest.mark.parametrize(
    ("expression", "event", "expect", "shows"),
    [
        (
            "event['a'] == 1 or event['b'] == 1",
            "{a: 2, b: 3}",
            "match",
            ["no alternative holds:", "event['b'] == 1 is False"],
        ),
        ("event['a'] == 1 or event['b'] == 1", "{a: 1}", "no_match", ["decided by: event['a'] == 1", "is True"]),
        ("event['a'] == 1 and event['b'] == 1", "{a: 1, b: 1}", "no_match", ["every condition holds:"]),
        ("event['a'] == 1 and event['b'] == 1", "{a: 1}", "match", ["raises KeyError: 'b'", '"b" is missing']),
        ("not event.get('a')", "{a: 1}", "match", ["decided by: event.get('a')", "is 1"]),
        ("event['a'] == 2 if event['b'] else False", "{a: 1, b: 1}", "match", ["decided by: event['a'] == 2"]),
        ("event.get('a')", "{a: text}", "match", ["got error", "gave a str where True or False is expected"]),
    ],
)
def test_what_decided_is_found(tmp_path: Path, expression: str, event: str, expect: str, shows: list[str]) -> None:
    """The deciding condition of `and`, `or`, `not` and `if` is the one at which Python stopped."""
    test = f"{{name: t, event: {event}, expect: {expect}}}"
    text = f"rules:\n  - expression: {json.dumps(expression)}\n    tests:\n      - {test}\n"
    ran = cloudtrail_to_slack("test", write(tmp_path, "rules.yaml", text))
    assert ran.code == 1
    for part in shows:
        assert part in ran.out


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        (
            "{name: t, sample: stop-loging, expect: match}",
            "there is no sample 'stop-loging'; did you mean stop-logging?",
        ),
        ("{name: t, sample: stop-logging, expect: matches}", "expect is 'matches'; write one of match, no_match"),
        ("{name: t, sample: stop-logging}", "expect is missing"),
        (f"{{name: t, file: {'x' * 5000}, expect: match}}", "cannot be read: File name too long"),
        ("{name: t, expect: match}", "the event is missing: write event, file or sample"),
        ("{name: t, event: {}, sample: stop-logging, expect: match}", "the event is given by event and by sample"),
        ("{name: t, event: 3, expect: match}", "event must be an object, or the path of a file"),
        ("{name: t, file: nothing.json, expect: match}", "cannot be read: No such file"),
        ("{name: t, sample: stop-logging, exepct: match}", "a test has no key 'exepct'; did you mean expect?"),
        ("{name: t, sample: stop-logging, unset: [nothing], expect: match}", "the event has no field nothing"),
        ("{name: t, sample: stop-logging, unset: {a: b}, expect: match}", "unset must be a list of fields"),
        ("{name: t, sample: stop-logging, set: [a], expect: match}", "set must be an object"),
        ("{name: t, sample: stop-logging, set: {eventName.a: b}, expect: match}", "cannot set eventName.a"),
        ("only text", "a test must be an object"),
        ("{name: t, event: {Records: []}, expect: match}", "event contains no record"),
        ("{name: t, event: {!!binary aGk=: 1}, expect: match}", "event has keys or values that no event has"),
        ("{name: t, event: {1: 2}, expect: match}", "expected match, got no_match"),
    ],
)
def test_a_test_that_is_wrong_fails_with_what_to_write(tmp_path: Path, test: str, problem: str) -> None:
    """A test that cannot be run is a failed test that says what is wrong with it."""
    text = f"rules:\n  - expression: event.get('eventName') == 'X'\n    tests:\n      - {test}\n"
    ran = cloudtrail_to_slack("test", write(tmp_path, "rules.yaml", text))
    assert ran.code == 1
    assert problem in ran.out


def test_a_rule_that_cannot_be_used_fails(tmp_path: Path) -> None:
    """A rule with a mistake in its expression fails, with or without tests, and the others are run."""
    text = """
rules:
  - event.get("eventName"
  - expression: event.get("eventName") == "X"
    tests: [{name: t, event: {eventName: X}, expect: match}]
"""
    ran = cloudtrail_to_slack("test", write(tmp_path, "rules.yaml", text))
    assert ran.code == 1
    assert "rules[0]: the rule can be used" in ran.out
    assert "is not a Python expression" in ran.out
    assert "1 failed, 1 passed" in ran.out


def test_an_expired_ignore_rule_ignores_nothing(tmp_path: Path) -> None:
    """A test that expects an event to be ignored fails once the ignore rule has expired, and says so."""
    text = RULES.replace(
        "    tests:\n      - {name: the service", '    expires: "2020-01-31"\n    tests:\n      - {name: the service', 1
    )
    write(tmp_path, "events/key.json", json.dumps(samples.load("root-creates-access-key")))
    ran = cloudtrail_to_slack("test", write(tmp_path, "rules.yaml", text))
    assert ran.code == 1
    assert "expected ignored, got match" in ran.out
    assert (
        'the ignore rule event.get("userIdentity.invokedBy") == "rotation.amazonaws.com" expired on 2020-01-31'
        in ran.out
    )


def test_every_rule_needs_enough_tests_of_both_kinds(tmp_path: Path, rules: Path) -> None:
    """--min-tests N fails rules with fewer than N tests that expect a match, or fewer than N that do not."""
    assert cloudtrail_to_slack("test", rules, "--min-tests", 1).code == 0
    ran = cloudtrail_to_slack("test", rules, "--min-tests", 2)
    assert ran.code == 1
    assert "raises: has enough tests" in ran.out
    assert "expected at least 2 with a match and 2 without, got 1 and 1" in ran.out
    assert "key-created: has enough tests" not in ran.out
    one = write(tmp_path, "one.yaml", "rules:\n  - event.get('eventName') == 'X'\n")
    assert cloudtrail_to_slack("test", one).code == 0
    assert cloudtrail_to_slack("test", one, "--min-tests", 1).code == 1
    tests = "\n    tests:\n      - {sample: root-creates-access-key, expect: [match]}\n"
    strange = write(tmp_path, "strange.yaml", f"rules:\n  - expression: event.get('eventName') == 'X'{tests}")
    assert "expect is ['match']" in cloudtrail_to_slack("test", strange, "--min-tests", 1).out


def test_the_junit_report_has_every_test(tmp_path: Path, rules: Path) -> None:
    """--junit writes valid XML: a suite for each file, a case for each test, failures and unreadable files."""
    broken = write(tmp_path, "broken.yaml", "rules: [")
    failing = write(
        tmp_path, "failing.yaml",
        'rules:\n  - expression: "True"\n    tests: [{name: "<&\\a\\">", event: {a: 1}, expect: no_match}]\n',
    )  # fmt: skip
    report = tmp_path / "report.xml"
    ran = cloudtrail_to_slack("test", rules, broken, failing, "--junit", report)
    assert ran.code == 3
    root = ET.parse(report).getroot()  # noqa: S314 (our own)
    assert root.attrib["tests"] == "15"
    assert (root.attrib["failures"], root.attrib["errors"]) == ("1", "1")
    names = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert names['<&?">'].find("failure") is not None
    assert names["a user creates a key"].find("failure") is None
    assert cloudtrail_to_slack("test", rules, "--junit", tmp_path / "no" / "report.xml").code == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rule:\n  - 'True'", "has neither `rules` nor `ignore_rules`"),
        ("- expression: 'True'", "must be an object with the lists `rules` and `ignore_rules`"),
        ("", "must be an object"),
        ("rules: {expression: 'True'}", "rules must be a list"),
    ],
)
def test_a_file_without_rules_fails_where_it_is_named(tmp_path: Path, text: str, problem: str) -> None:
    """A file whose rules the function would not read is no success, and no command goes on without its rules."""
    path = write(tmp_path, "rules.yaml", text)
    ran = cloudtrail_to_slack("test", path)
    assert ran.code == 1
    assert problem in ran.out
    ran = cloudtrail_to_slack("explain", "stop-logging", "--rule-file", path)
    assert ran.code == 2
    assert f"Error: {path}: {problem}" in ran.err


def test_exit_codes_say_what_is_wrong(tmp_path: Path, rules: Path) -> None:
    """0: all passed, 1: a test failed, 2: wrong usage, 3: a file cannot be read or there is none."""
    assert cloudtrail_to_slack("test", rules).code == 0
    assert cloudtrail_to_slack("test", "--nope").code == 2
    assert cloudtrail_to_slack("test", rules, "--min-tests", "-1").code == 2
    missing = cloudtrail_to_slack("test", tmp_path / "missing.yaml")
    assert missing.code == 3
    assert "missing.yaml: cannot be read: No such file or directory" in missing.err
    damaged = cloudtrail_to_slack("test", write(tmp_path, "damaged.yaml", "rules:\n  - a: b: c\n"))
    assert damaged.code == 3
    assert "damaged.yaml:2:9: is not YAML" in damaged.err
    (tmp_path / "empty").mkdir()
    assert cloudtrail_to_slack("test", tmp_path / "empty").code == 3


def test_a_folder_is_searched_for_rule_files(tmp_path: Path, rules: Path) -> None:
    """Of a folder the rule files are read: other YAML, hidden folders and what Terraform downloads are passed over."""
    write(tmp_path, "kubernetes.yaml", "rules:\n  - apiGroups: ['']\n    verbs: [get]\n")
    write(tmp_path, ".terraform/modules/x/rules.yaml", RULES)
    write(tmp_path, "template.yaml", "rules:\n  {{ if }}\n")
    write(tmp_path, "sub/more.json", json.dumps({"rules": [{"expression": "event.get('eventName') == 'X'"}]}))
    ran = cloudtrail_to_slack("test", rules.parent)
    assert ran.code == 0
    assert "4 rules in 2 files" in ran.out


def test_verbose_names_every_test(rules: Path) -> None:
    """With --verbose each test has a line."""
    ran = cloudtrail_to_slack("test", rules, "--verbose")
    assert "PASSED key-created: root creates a key" in ran.out


@pytest.mark.parametrize("name", samples.names())
def test_every_sample_is_a_record_that_the_function_reads(name: str) -> None:
    """A sample says what it is about, and is a record with the fields that CloudTrail always writes."""
    assert samples.about(name).endswith(".")
    event = read_event(samples.load(name))
    assert event.event_id
    assert event.account
    assert event.time
    assert event.name


def test_pytest_runs_the_tests_in_rule_files(tmp_path: Path, rules: Path) -> None:
    """Pytest with the plugin collects rule files with tests, shows why one failed, and passes other files over."""
    write(tmp_path, "other.yaml", "tests: expect\nrules:\n  - expression\n")
    write(
        tmp_path,
        "failing/rules.yml",
        "rules:\n  - expression: 'True'\n    tests: [{name: t, event: {a: 1}, expect: no_match}]\n",
    )
    write(tmp_path, "failing/broken.yml", "rules:\n  - expression: a: b\n    tests: [{expect: match}]\n")
    done = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "cloudtrail_to_slack_cli.pytest_plugin",
         "-p", "no:cloudtrail_to_slack", "--continue-on-collection-errors", "--rootdir", str(tmp_path),
         str(rules.parent)],
        cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert "1 failed, 13 passed, 1 error" in done.stdout
    assert "failing/rules.yml::rules[0]::t - expected no_match, got match" in done.stdout
    assert "broken.yml:2:18: is not YAML" in done.stdout
    assert "Traceback" not in done.stdout
