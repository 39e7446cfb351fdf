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
        "description": "Someone made a key.",
        "false_positives": ["An administrator"],
        "references": ["https://example.org/keys"],
        "mitre": ["T1098.001"],
    }


_FIELD = "requestParameters.name"


def _event(value: Any, **more: Any) -> dict[str, Any]:
    parameters = {} if value is ... else {"name": value}
    return {"eventName": "X", "eventSource": "iam.amazonaws.com", "requestParameters": parameters, **more}


@pytest.mark.parametrize(
    ("detection", "yes", "no"),
    [
        (f"s:\n  {_FIELD}: Admin", ["Admin", "ADMIN"], ["Admin2", ..., None]),
        (f"s:\n  {_FIELD}|cased: Admin", ["Admin"], ["admin"]),
        (f"s:\n  {_FIELD}|contains: dmi", ["AdMIn"], ["adm in", ...]),
        (f"s:\n  {_FIELD}|startswith: ad", ["Admin"], ["xad"]),
        (f"s:\n  {_FIELD}|endswith: MIN", ["Admin"], ["minx"]),
        (f"s:\n  {_FIELD}: 'a*z?'", ["A--zB"], ["a--z", "a[z"]),
        (f"s:\n  {_FIELD}: 'a[*]?'", ["A[]b"], ["ab"]),
        (f"s:\n  {_FIELD}: '*'", ["x"], [..., None]),
        (f"s:\n  {_FIELD}: ''", [""], ["x", ...]),
        (f"s:\n  {_FIELD}: null", [None, ...], ["x", "none", "None"]),
        (f"s:\n  {_FIELD}|contains: one", ["someone"], [None, ...]),
        (f"s:\n  {_FIELD}: 5", [5, "5"], [6, "55"]),
        (f"s:\n  {_FIELD}: true", [True, "true", "True"], [False, "x", ...]),
        (f"s:\n  {_FIELD}|gte: 5", [5, 7.5], [4, "9", ...]),
        (f"s:\n  {_FIELD}|re: '^a.+z$'", ["abz"], ["Abz", "az", ...]),
        (f"s:\n  {_FIELD}|re|i: '^a.+z$'", ["ABZ"], ["az"]),
        (f"s:\n  {_FIELD}|cidr: 10.0.0.0/8", ["10.1.2.3"], ["11.1.2.3", "x", ...]),
        (f"s:\n  {_FIELD}|exists: true", ["x"], [...]),
        (f"s:\n  {_FIELD}|exists: false", [...], ["x"]),
        (f"s:\n  {_FIELD}|fieldref: eventSource", ["iam.amazonaws.com"], ["x", ...]),
        (f"s:\n  {_FIELD}:\n    - a\n    - b", ["A", "b"], ["c"]),
        (f"s:\n  {_FIELD}|contains|all:\n    - a\n    - b", ["xBa"], ["a"]),
        ("s:\n  eventName:\n    - X\n    - Y", ["anything"], []),
        ("s:\n  eventName:\n    - x", [], ["anything"]),
        (f"s:\n  {_FIELD}: 'false'", [False, "False", ["x", False]], [True, "", None, ...]),
        (f"s:\n  {_FIELD}: '0'", [0, "0"], [1, None, ...]),
        (f"s:\n  {_FIELD}: none", ["None"], [None, ...]),
        (f"s:\n  {_FIELD}|contains: b", ["aBc", ["x", "ab"]], [["x"], {"y": "b"}]),
        (f"s:\n  {_FIELD}: null", [[], {}], [["x"], [None, "x"]]),
        (f"s:\n  {_FIELD}|exists: true", [["x"]], [[]]),
        (f"s:\n  {_FIELD}|cidr: 10.0.0.0/8", [["11.1.1.1", "10.1.1.1"]], [["11.1.1.1"]]),
        (f"s:\n  {_FIELD}.command|contains: x", [[{"command": ["a", "fox"]}, {}], {"command": "x"}], [["x"], "x"]),
        (
            "s:\n  requestParameters|contains|all:\n    - one\n    - two",
            ["one two", {"a": "one", "b": ["two"]}],
            ["one", ...],
        ),
        ("s:\n  requestParameters: null", [...], ["x"]),
        ("s:\n  - key\n  - '*wo?d'", ["a KEY", "some word"], ["other"]),
        ("s:\n  eventSource: '*.amazonaws.com'\n  " + _FIELD + ": a", ["a"], ["b"]),
    ],
)
def test_each_kind_of_comparison_means_the_same(tmp_path: Path, detection: str, yes: list[Any], no: list[Any]) -> None:
    """What Sigma matches is matched, and nothing else: letter case, missing fields and wildcards included."""
    ran, (rule,) = imported(tmp_path, sigma(f"{detection}\ncondition: s"))
    assert ran.code == 0
    assert [matches(tmp_path, rule, _event(value)) for value in yes] == [True] * len(yes), rule["expression"]
    assert [matches(tmp_path, rule, _event(value)) for value in no] == [False] * len(no), rule["expression"]


def test_conditions_of_several_parts(tmp_path: Path) -> None:
    """`and`, `or`, `not`, `1 of` and `all of` keep their order of precedence."""
    detection = f"""
one:
  eventName: X
filter_a:
  {_FIELD}: a
filter_b:
  {_FIELD}: b
condition: one and not 1 of filter_*
"""
    _, (rule,) = imported(tmp_path, sigma(detection))
    assert [matches(tmp_path, rule, _event(value)) for value in ("a", "b", "c", ...)] == [False, False, True, True]
    assert not matches(tmp_path, rule, _event("c", eventName="Y"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            sigma("s:\n  a: b\ncondition: s", _HEAD.replace("service: cloudtrail", "service: guardduty")),
            "logs of aws/guardduty",
        ),
        (sigma("s:\n  a: b\ncondition: s", _HEAD.replace("product: aws", "product: windows")), "logs of windows"),
        (sigma("s:\n  a|re: '(?=x)'\ncondition: s"), "invalid"),
        (sigma("s:\n  a: b\ncondition: other"), "its condition cannot be read"),
        (sigma("s:\n  a: b\ncondition: {a: b}"), "its condition cannot be read"),
        (f"title: {'[' * 2000}", "it is not a Sigma rule"),
        ("title: x\nlogsource: 5\n", "it is not a Sigma rule"),
        ("- just\n- a list\n", "it is not a Sigma rule"),
        ("a: [\n", "it is not a Sigma rule"),
    ],
)
def test_what_cannot_be_expressed_is_said(tmp_path: Path, text: str, why: str) -> None:
    """A rule that cannot be imported is named with the reason, the exit code is 1, and there is no traceback."""
    ran, rules = imported(tmp_path, text)
    assert (ran.code, rules) == (1, [])
    assert why in ran.err
    assert "Traceback" not in ran.err
    assert "0 rules imported, 1 left out" in ran.err


def test_a_correlation_becomes_a_threshold(tmp_path: Path) -> None:
    """Counting events of one rule by a field is a threshold; the counted rule alone is not imported."""
    base = sigma("selection:\n  eventName: GetSecretValue\ncondition: selection", _HEAD + "name: reads\n")
    correlation = """---
title: Many secrets
id: 22222222-2222-4333-8444-555555555555
level: critical
correlation:
  type: {kind}
  rules:
    - reads
  group-by:
    - userIdentity.arn
  timespan: 5m
  condition:
    gte: 10{more}
"""
    _, (rule,) = imported(tmp_path, base + correlation.format(kind="event_count", more=""))
    assert rule["threshold"] == {"count": 10, "minutes": 5, "by": ["userIdentity.arn"]}
    assert rule["expression"] == 'event.get("eventName") == "GetSecretValue"'
    counted = correlation.format(kind="value_count", more="\n    field: requestParameters.secretId")
    _, (rule,) = imported(tmp_path, base + counted)
    assert rule["threshold"]["distinct"] == "requestParameters.secretId"
    ran, rules = imported(tmp_path, base + correlation.format(kind="temporal", more=""))
    assert (ran.code, rules) == (1, [])


def test_a_folder_is_searched_and_a_missing_file_is_said(tmp_path: Path) -> None:
    """Folders are searched for .yml and .yaml; a path that does not exist ends with exit code 3."""
    for name in ("a/one.yml", "b/two.yaml", "b/notes.txt"):
        write(tmp_path, name, sigma("s:\n  eventName: X\ncondition: s"))
    assert "2 rules imported" in cloudtrail_to_slack("import-sigma", tmp_path).err
    (tmp_path / "empty").mkdir()
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "empty")
    assert (ran.code, "empty: contains no .yml and no .yaml" in ran.err) == (3, True)
    ran = cloudtrail_to_slack("import-sigma", tmp_path / "missing.yml")
    assert (ran.code, "No such file" in ran.err) == (3, True)
