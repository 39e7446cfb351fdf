"""`import-sigma` turns Sigma rules into rules that match the same events, and says what it cannot express."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudtrail_to_slack.testing import Ruleset
from support.command_line import Ran, cloudtrail_to_slack, write

_HEAD = """
title: A key was made
id: 11111111-2222-4333-8444-555555555555
status: test
description: |
  Someone
  made a key.
references:
  - https://example.org/keys
author: us
logsource:
  product: aws
  service: cloudtrail
falsepositives:
  - An administrator
level: high
tags:
  - attack.persistence
  - attack.t1098.001
"""


def sigma(detection: str, head: str = _HEAD) -> str:
    """Return a Sigma rule with this detection."""
    lines = "".join(f"  {line}\n" for line in detection.strip().splitlines())
    return f"{head}detection:\n{lines}"


def imported(tmp_path: Path, text: str) -> tuple[Ran, list[dict[str, Any]]]:
    """Import a file; return what was printed, and the rules."""
    path, output = write(tmp_path, "rule.yml", text), tmp_path / "out.yaml"
    ran = cloudtrail_to_slack("import-sigma", path, "--output", output)
    return ran, yaml.safe_load(output.read_text())["rules"] if output.exists() else []


def matches(tmp_path: Path, rule: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the function's engine matches a rule on an event."""
    path = write(tmp_path, "imported.yaml", yaml.safe_dump({"rules": [rule]}))
    evaluation = Ruleset.from_file(path).evaluate(event)
    return bool(evaluation.rules)


def test_what_a_rule_says_of_itself_is_kept(tmp_path: Path) -> None:
    """Title, level, description, references, false positives and techniques come along, and the id names its origin."""
    ran, (rule,) = imported(tmp_path, sigma("selection:\n  eventName: CreateAccessKey\ncondition: selection"))
    assert (ran.code, ran.err.strip()) == (0, "1 rule imported, 0 left out")
    assert rule == {
        "id": "sigma/11111111-2222-4333-8444-555555555555",
        "title": "A key was made",
        "severity": "high",
        "expression": 'event.get("eventName") == "CreateAccessKey"',
        "description": "Someone made a key. Sigma rule by us, status test.",
        "false_positives": ["An administrator"],
        "references": ["https://example.org/keys"],
        "mitre": ["T1098.001"],
    }


def test_conditions_of_several_parts(tmp_path: Path) -> None:
    """`and`, `or`, `not`, `1 of` and `all of` keep their order of precedence."""
    detection = """
one:
  eventName: X
filter_a:
  requestParameters.name: a
filter_b:
  requestParameters.name: b
condition: one and not 1 of filter_*
"""
    _, (rule,) = imported(tmp_path, sigma(detection))
    events = [{"eventName": "X", "requestParameters": {"name": value}} for value in "abc"]
    assert [matches(tmp_path, rule, event) for event in events] == [False, False, True]
    assert matches(tmp_path, rule, {"eventName": "X"})
    assert not matches(tmp_path, rule, {**events[2], "eventName": "Y"})


_PLAIN = sigma("s:\n  eventName: DeleteTrail\ncondition: s")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_PLAIN.replace("service: cloudtrail", "service: guardduty"), "it is for logs of aws/guardduty, not"),
        (_PLAIN.replace("product: aws", "product: windows"), "it is for logs of windows/cloudtrail, not"),
        (_PLAIN.replace("  product: aws\n  service: cloudtrail", "  category: proxy"), "it is for logs of proxy, not"),
        (_PLAIN.replace("logsource:\n  product: aws\n  service: cloudtrail\n", ""), "must have a log source"),
        (f"{_PLAIN}taxonomy: ecs\n", "its fields have the names of the taxonomy ecs"),
        (sigma("s:\n  a|re: '(?=x)'\ncondition: s"), "invalid"),
        (sigma("s:\n  a|nearly: x\ncondition: s"), "it is not valid Sigma: Unknown modifier 'nearly'"),
        (sigma("s:\n  a|cidr: 10.0.0.1/8\ncondition: s"), "has host bits set"),
        (sigma("s:\n  eventTime|hour: 3\ncondition: s"), "a comparison with the hour of a time"),
        (sigma("s:\n  a|expand: '%Admins%'\ncondition: s"), "the placeholder %Admins%; write your own values"),
        (sigma("s:\n  a|re|expand: 'x%Admins%'\ncondition: s"), "the placeholder %Admins%"),
        (sigma("s:\n  '|expand': '%Admins%'\ncondition: s"), "the placeholder %Admins%"),
        (sigma("s: true\ncondition: s"), "a keyword that is neither a string nor a number"),
        (sigma("s: ''\ncondition: s"), "an empty keyword"),
        (sigma("s:\n  a: b\ncondition: s | count() by a > 5"), "its condition counts with `|`"),
        (sigma("s:\n  a: b\ncondition: other"), "its condition cannot be read"),
        (sigma("s:\n  a: b\ncondition: {a: b}"), "its condition is not a string"),
        (sigma("s:\n  a: b\ncondition: null"), "its condition is not a string"),
        (sigma(f"s:\n  a: b\ncondition: {'not (' * 200}s{')' * 200}"), "its condition is nested too deeply"),
        (sigma("s:\n  a|re: 'a++'\ncondition: s"), "is not an RE2 pattern (bad repetition operator: ++)"),
        (sigma("s:\n  a: b"), "must contain at least one condition"),
        (sigma("s: {}\ncondition: s"), "Detection is empty"),
        (sigma("s:\n  a: {b: c}\ncondition: s"), "it is not valid Sigma"),
        (sigma("s:\n  a: b\n  a: c\ncondition: s"), "it is not YAML: Duplicate key 'a'"),
        (f"title: {'[' * 2000}", "it is not YAML"),
        ("title: x\nlogsource: 5\n", "x: it is not a Sigma rule: it has no `detection`"),
        ("- just\n- a list\n", "it is not a Sigma rule"),
        ("just text", "it is not a Sigma rule"),
        ("a: [\n", "it is not YAML: did not find expected node content (line 2)"),
        ("", "the file is empty"),
        ("title: x\nlogsource: {product: aws}\ndetection: {5: x, condition: '5'}\n", "its condition cannot be read"),
        ("title: x\nlogsource: {product: aws}\ndetection: {s: {5: x}, condition: s}\n", "pySigma fails on it"),
        (
            "title: x\nlogsource: {product: aws}\nfilter: {rules: any, s: {a: b}, condition: not s}\n",
            "a filter that applies to none of the rules",
        ),
        ("title: x\nfilter: {rules: any, s: {a: b}, condition: not s}\n", "Sigma filter must have a log source"),
        ("action: unheard\n", "Unknown Sigma collection action"),
    ],
)
def test_what_cannot_be_expressed_is_said(tmp_path: Path, text: str, why: str) -> None:
    """A rule that cannot be imported is named with the reason, the exit code is 1, and there is no traceback."""
    ran, rules = imported(tmp_path, text)
    assert (ran.code, rules) == (1, [])
    assert why in ran.err
    assert "Traceback" not in ran.err
    assert "0 rules imported, 1 left out" in ran.err


@pytest.mark.parametrize(
    ("before", "after", "note", "expected"),
    [
        (
            "falsepositives:\n  - An administrator",
            "falsepositives: An administrator",
            "falsepositives must be a list",
            {},
        ),
        ("status: test", "status: informational", "'informational' is not a valid Sigma rule status", {}),
        ("status: test", "status: deprecated", "its authors call it deprecated", {}),
        ("level: high", "level: urgent", "'urgent' is not a valid Sigma rule level", {"severity": "medium"}),
        ("level: high\n", "", "", {"severity": "medium"}),
        ("level: high", "level: informational", "", {"severity": "info"}),
        ("attack.t1098.001", "attack.T1098.001\n  - attack.t1098.001", "", {"mitre": ["T1098.001"]}),
        ("attack.persistence", "persistence", "tag must start with namespace", {"mitre": ["T1098.001"]}),
        ("title: A key was made", "title: 'Use of {eventName}'", "", {"title": "Use of (eventName)"}),
        ("title: A key was made", "title: 'A\n\n  key'", "", {"title": "A key"}),
        ("id: 11111111-2222-4333-8444-555555555555", "id: 1234", "must be an UUID", {"id": "sigma/1234"}),
        ("id: 11111111-2222-4333-8444-555555555555\n", "", "", {"id": "sigma/a-key-was-made"}),
        (
            "author: us",
            "author: us, them\nlicense: MIT",
            "",
            {"description": "Someone made a key. Sigma rule by us, them, status test, license MIT."},
        ),
        (
            "author: us",
            "date: 2020/1/2\nmodified: 2021-02-03",
            "",
            {"description": "Someone made a key. Sigma rule, status test."},
        ),
        ("product: aws", "product: AWS", "", {"severity": "high"}),
        ("  product: aws\n", "", "", {"severity": "high"}),
        ("  service: cloudtrail\n", "", "", {"severity": "high"}),
    ],
)
def test_oddities_of_the_description_do_not_matter(
    tmp_path: Path, before: str, after: str, note: str, expected: Mapping[str, Any]
) -> None:
    """What is wrong only with how a rule describes itself is noted, and the rule is converted."""
    assert before in _PLAIN
    ran, (rule,) = imported(tmp_path, _PLAIN.replace(before, after))
    assert ran.code == 0
    assert rule["false_positives"] == ["An administrator"]
    assert note in ran.err
    assert ("note: " in ran.err) == bool(note)
    assert {name: rule[name] for name in expected} == expected
    ran = cloudtrail_to_slack("check", tmp_path / "out.yaml")
    assert "1 finding" in ran.out, ran.out  # it has no test
    assert "CT018" in ran.out


@pytest.mark.parametrize(
    ("detection", "note"),
    [
        ("src_ip: x", 'reads "src_ip", a field that no CloudTrail record has'),
        ("userIdentity.user: x", "userIdentity has no such field"),
        ("eventName: MakeCoffee", 'looks for the event "MakeCoffee", which is not an event of any known AWS service'),
        ("eventName: PassRole", 'looks for the event "PassRole", which never appears in CloudTrail'),
        ("eventName: UpdateFunctionCode", "which CloudTrail calls UpdateFunctionCode20150331v2"),
        ("eventName|startswith: Make", ""),
    ],
)
def test_what_cloudtrail_does_not_have_is_noted(tmp_path: Path, detection: str, note: str) -> None:
    """Fields and events that no CloudTrail record has are noted, because such a rule never matches."""
    ran, rules = imported(tmp_path, sigma(f"s:\n  {detection}\ncondition: s"))
    assert (ran.code, len(rules), ran.err.count("note: ")) == (0, 1, bool(note))
    assert note in ran.err


_BASE = sigma("selection:\n  eventName: GetSecretValue\ncondition: selection", _HEAD + "name: reads\n")
_CORRELATION = """---
title: Many secrets
id: 22222222-2222-4333-8444-555555555555
level: critical
correlation:
  type: event_count
  rules:
    - reads
  group-by:
    - userIdentity.arn
  timespan: 5m
  condition:
    gte: 10
"""
_VALUES = _CORRELATION.replace("event_count", "value_count") + "    field: requestParameters.secretId\n"
_ALIAS = "  group-by: who\n  aliases:\n    who: {NAMED: userIdentity.arn}\n"


@pytest.mark.parametrize(
    ("correlation", "expected", "note"),
    [
        (_CORRELATION, {}, ""),
        (_CORRELATION.replace("- reads", "- 11111111-2222-4333-8444-555555555555"), {}, ""),
        (_CORRELATION.replace("level: critical\n", ""), {}, ""),
        (_CORRELATION.replace("gte: 10", "gt: 10"), {"count": 11}, ""),
        (_CORRELATION.replace("5m", "1d"), {"minutes": 1440}, ""),
        (_CORRELATION.replace("5m", "90s"), {"minutes": 2}, "time span of 90s is rounded up to 2 minutes"),
        (_CORRELATION.replace("5m", "10s"), {"minutes": 1}, "time span of 10s is rounded up to 1 minute\n"),
        (_CORRELATION.replace("  group-by:\n    - userIdentity.arn\n", _ALIAS.replace("NAMED", "reads")), {}, ""),
        (_CORRELATION.replace("userIdentity.arn", "src_ip"), {"by": ["src_ip"]}, 'the correlation reads "src_ip"'),
        (_VALUES, {"distinct": "requestParameters.secretId"}, ""),
    ],
)
def test_a_correlation_becomes_a_threshold(
    tmp_path: Path, correlation: str, expected: Mapping[str, Any], note: str
) -> None:
    """Counting events of one rule by a field is a threshold; the counted rule alone is not imported."""
    ran, (rule,) = imported(tmp_path, _BASE + correlation)
    assert rule["threshold"] == {"count": 10, "minutes": 5, "by": ["userIdentity.arn"], **expected}
    assert rule["expression"] == 'event.get("eventName") == "GetSecretValue"'
    assert (ran.code, rule["severity"]) == (0, "critical" if "level" in correlation else "high")
    assert rule["description"] == "Sigma rule by us."
    assert note in ran.err
    assert ("note: " in ran.err) == bool(note)
    assert "1 finding" in cloudtrail_to_slack("check", tmp_path / "out.yaml").out


@pytest.mark.parametrize(
    ("correlation", "why"),
    [
        (_CORRELATION.replace("event_count", "temporal"), "temporal; the rules that it refers to are left out with it"),
        (_CORRELATION.replace("event_count", "value_avg") + "    field: a\n", "a correlation of the kind value_avg"),
        (_CORRELATION.replace("gte: 10", "lt: 10"), "the condition of the correlation (lt)"),
        (_CORRELATION.replace("gte: 10", "gte: 501"), "counts to 501; a threshold counts to 1 to 500"),
        (_CORRELATION.replace("gte: 10", "gte: 0"), "counts to 0;"),
        (_CORRELATION.replace("gte: 10", "gte: 10\n    lte: 20"), "must have exactly one condition item"),
        (_CORRELATION.replace("5m", "2d"), "a time span of 2d; that of a threshold is at most 1d"),
        (_CORRELATION.replace("5m", "5 minutes"), "Timespan '5 minutes' is invalid"),
        (_CORRELATION.replace("  timespan: 5m\n", ""), "without timespan"),
        (_CORRELATION.replace("- reads", "- unheard"), "whose rules are not in these files: Rule 'unheard' not found"),
        (_CORRELATION.replace("- reads", "- reads\n    - reads"), "a correlation of several rules"),
        (_VALUES.replace("field: r", "field: [r, r").replace("secretId", "secretId]"), "values of several fields"),
        (
            _CORRELATION.replace("  group-by:\n    - userIdentity.arn\n", _ALIAS.replace("NAMED", "other")),
            "the alias who, which names no field",
        ),
    ],
)
def test_correlations_that_no_threshold_expresses_are_left_out(tmp_path: Path, correlation: str, why: str) -> None:
    """A correlation that is no threshold, or beyond what one may count, is left out with the reason."""
    ran, rules = imported(tmp_path, _BASE + correlation)
    assert (ran.code, [rule for rule in rules if "threshold" in rule]) == (1, [])
    assert why in ran.err
    assert "1 left out" in ran.err


def test_a_rule_that_a_correlation_generates_too_is_imported(tmp_path: Path) -> None:
    """With `generate` the counted rule is imported beside the correlation."""
    _, rules = imported(tmp_path, _BASE + _CORRELATION.replace("correlation:", "correlation:\n  generate: true"))
    assert [("threshold" in rule, rule["severity"]) for rule in rules] == [(False, "high"), (True, "critical")]


def test_one_bad_document_leaves_out_itself_alone(tmp_path: Path) -> None:
    """In a file of several documents, each is converted or left out by itself."""
    ran, rules = imported(
        tmp_path, f"{_PLAIN}\n---\n{_PLAIN.replace('eventName', 'eventName|nearly')}\n---\n- x\n---\n"
    )
    assert (ran.code, len(rules), ran.err.count("left out: ")) == (1, 1, 2)


def test_documents_with_actions_build_upon_one_another(tmp_path: Path) -> None:
    """`action: global` and `action: repeat` are applied as pySigma does."""
    common = "action: global\ntitle: Both\nlogsource: {product: aws, service: cloudtrail}\n---\n"
    text = common + "detection: {s: {eventName: DeleteTrail}, condition: s}\n---\n"
    text += "action: repeat\ndetection: {s: {eventName: StopLogging}}\n"
    ran, rules = imported(tmp_path, text)
    assert [rule["expression"][-13:] for rule in rules] == ['"DeleteTrail"', '"StopLogging"']
    assert [rule["id"] for rule in rules] == ["sigma/both", "sigma/both-2"]
    assert "its id sigma/both is that of a rule in" in ran.err


def test_files_are_imported_together(tmp_path: Path) -> None:
    """Correlations and filters apply to rules in other files, and a file counts once."""
    write(tmp_path, "rules/base.yml", _BASE)
    write(tmp_path, "rules/many.yml", _CORRELATION)
    write(tmp_path, "rules/plain.yml", _PLAIN.replace("1111-", "3333-"))
    filter_text = """
title: Not the scanner
logsource: {product: aws, service: cloudtrail}
filter:
  rules: any
  scanner:
    userIdentity.arn|endswith: /scanner
  condition: not scanner
"""
    filters = write(tmp_path, "filters/scanner.yml", filter_text)
    output = tmp_path / "out.yaml"
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "rules", tmp_path / "rules/base.yml", filters, "-o", output)
    assert (ran.code, ran.err) == (0, "2 rules imported, 0 left out\n")
    rules = yaml.safe_load(output.read_text())["rules"]
    assert ["threshold" in rule for rule in rules] == [True, False]
    for rule in rules:
        rule.pop("threshold", None)
        name = "GetSecretValue" if "GetSecretValue" in rule["expression"] else "DeleteTrail"
        for who, expected in (("scanner", False), ("eve", True)):
            event = {"eventName": name, "userIdentity": {"arn": f"arn:aws:iam::111122223333:user/{who}"}}
            assert matches(tmp_path, rule, event) is expected


@pytest.mark.parametrize(
    ("condition", "why"),
    [("not nothing", "Detection 'nothing' not defined"), ("not scanner", "the placeholder %Scanners%")],
)
def test_a_filter_that_cannot_be_expressed_is_left_out(tmp_path: Path, condition: str, why: str) -> None:
    """A filter that cannot be converted is left out with the reason, and the rules are imported without it."""
    text = "title: No scanners\nlogsource: {product: aws}\nfilter:\n  rules: any\n"
    text += f"  scanner:\n    userIdentity.arn|expand: '%Scanners%'\n  condition: {condition}\n"
    ran, rules = imported(tmp_path, f"{_PLAIN}---\n{text}")
    assert (ran.code, [rule["expression"] for rule in rules]) == (1, ['event.get("eventName") == "DeleteTrail"'])
    assert f"No scanners: a filter, without which the rules are converted: {why}" in ran.err.replace(
        "its condition cannot be read: ", ""
    )


def test_what_people_wrote_is_not_replaced(tmp_path: Path) -> None:
    """The output replaces an earlier import, but no file with tests, with rules of others, or with something else."""
    source = write(tmp_path, "rule.yml", _PLAIN)
    output = tmp_path / "out.yaml"
    output.touch()
    for target in (output, output, "/dev/null"):
        assert cloudtrail_to_slack("import-sigma", source, "-o", target).code == 0
    assert cloudtrail_to_slack("import-sigma", source, "-o", "-").out == output.read_text()
    first = output.read_text()
    for text in (f"{first}  tests: []\n", f"{first}- id: mine\n", f"{first}ignore_rules: []\n", "a: [", _PLAIN):
        output.write_text(text)
        ran = cloudtrail_to_slack("import-sigma", source, "-o", output)
        assert (ran.code, output.read_text()) == (2, text)
        assert "not all of it was written by import-sigma; delete it, or choose another path" in ran.err


def test_a_folder_is_searched_and_a_missing_file_is_said(tmp_path: Path) -> None:
    """Folders are searched for .yml and .yaml; a path that does not exist ends with exit code 3."""
    for name in ("a/one.yml", "b/two.yaml", "b/notes.txt", ".github/workflow.yml", "b/.three.yml"):
        write(tmp_path, name, _PLAIN)
    (tmp_path / "b/latin.yml").write_bytes(b"title: \xe9\n")
    ran = cloudtrail_to_slack("import-sigma", tmp_path)
    assert (ran.code, "2 rules imported, 1 left out" in ran.err) == (1, True)
    assert "latin.yml: latin: is not UTF-8; save it as UTF-8" in ran.err
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "b/latin.yml")
    assert (ran.code, "latin.yml:1: is not UTF-8" in ran.err) == (3, True)
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "a", "-o", tmp_path / "none/out.yaml")
    assert (ran.code, "out.yaml cannot be written: No such file or directory" in ran.err) == (2, True)
    (tmp_path / "empty").mkdir()
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "empty")
    assert (ran.code, "empty: contains no .yml and no .yaml" in ran.err) == (3, True)
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "missing.yml")
    assert (ran.code, "No such file" in ran.err) == (3, True)
