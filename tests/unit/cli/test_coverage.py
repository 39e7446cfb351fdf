"""`coverage` lists rules by ATT&CK technique, as a table, JSON and a Navigator layer."""

import json
from pathlib import Path

from support.command_line import cloudtrail_to_slack, write

_RULES = """
rules:
  - {id: a, expression: 'event.get("eventName") == "A"', mitre: [T1098.001, T1078]}
  - {id: b, expression: 'event.get("eventName") == "B"', mitre: [T1078]}
  - {id: c, expression: 'event.get("eventName") == "C"'}
"""


def test_rules_by_technique(tmp_path: Path) -> None:
    """Each technique has its rules, and rules without one are counted."""
    path = write(tmp_path, "rules.yaml", _RULES)
    options = ("coverage", "--no-default-rules", "--rule-file", path)
    found = json.loads(cloudtrail_to_slack(*options, "--format", "json").out)
    assert found == {"techniques": {"T1078": ["a", "b"], "T1098.001": ["a"]}, "rules_without_technique": ["c"]}
    text = cloudtrail_to_slack(*options)
    assert text.code == 0
    assert "2 techniques, 3 rules" in text.out
    assert "1 rule without a technique" in text.out


def test_a_layer_for_the_navigator() -> None:
    """The layer scores each technique of a pack by its rules."""
    layer = json.loads(cloudtrail_to_slack("coverage", "--pack", "recommended", "--format", "navigator").out)
    assert layer["domain"] == "enterprise-attack"
    assert (layer["versions"]["layer"], layer["versions"]["attack"]) == ("4.5", "19")  # whose technique ids packs use
    scores = {each["techniqueID"]: each["score"] for each in layer["techniques"]}
    assert len(scores) > 15
    assert all(
        score == len(each["comment"].split(", "))
        for score, each in zip(scores.values(), layer["techniques"], strict=True)
    )


def test_an_unknown_pack_is_said_plainly() -> None:
    """A pack that does not exist ends with exit code 2 and one that does is suggested."""
    ran = cloudtrail_to_slack("coverage", "--pack", "recomended")
    assert ran.code == 2
    assert "recommended" in ran.err
