"""What looks like a Slack secret is the same for every variable. Terraform before 1.9 makes validations repeat it."""

import re

from support.module_docs import declared
from support.pages import ROOT

_PATTERN = re.compile(r'"(\(\?i:[^"]*xox[^"]*)"')
_FILES = [*ROOT.glob("*.tf"), *ROOT.glob("modules/*/*.tf")]


def test_every_place_has_the_same_pattern() -> None:
    """A validation that let another shape pass than the precondition refuses would print a secret, or accept it."""
    found = {path: _PATTERN.findall(path.read_text()) for path in _FILES}
    mentioned = {path: len(re.findall(r"xox\[(abcdeprs|a-z\]\|xapp)", path.read_text())) for path in _FILES}
    assert {path: len(patterns) for path, patterns in found.items()} == mentioned
    assert len({pattern for patterns in found.values() for pattern in patterns}) == 2  # of a setting, of text


def test_every_string_is_checked() -> None:
    """A variable that is one string is refused if it is a secret, unless it is for one."""
    strings = [
        name
        for name, body in declared(ROOT, "variable").items()
        if re.search(r"^  type\s+= string$", body, re.MULTILINE) and "sensitive" not in body
    ]
    checked = re.findall(r"^    (\w+)\s+= \[var\.", (ROOT / "misplaced_secrets.tf").read_text(), re.MULTILINE)
    assert set(strings) == set(checked)
