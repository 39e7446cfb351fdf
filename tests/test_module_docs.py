"""The README's tables of inputs and outputs say what the Terraform module has."""

import json
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]
_README = (_ROOT / "README.md").read_text()
_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_TYPES = {
    "string": "string",
    "number": "number",
    "bool": "bool",
    "list(string)": "list of strings",
    "map(string)": "map of strings",
}


def _declared(kind: str) -> dict[str, str]:
    """Return the body of every block of a kind, by its name, in the order of files and lines."""
    texts = [path.read_text() for path in sorted(_ROOT.glob("*.tf"))]
    return {name: body for text in texts for found, name, body in _BLOCK.findall(text) if found == kind}


def _argument(body: str, name: str) -> str | None:
    """Return what stands behind `name =`, on one line."""
    found = re.search(rf"^  {name}\s*= (.*?)(?=^  \w|^\n|\Z)", body, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else None


def _rows(marker: str) -> list[list[str]]:
    """Return the cells of every row between two markers that begins with a name in backticks."""
    (text,) = re.findall(rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", _README, re.DOTALL)
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]


def _description(body: str) -> str:
    return str(json.loads(_argument(body, "description") or '""'))


def test_the_inputs_are_documented_as_they_are_declared() -> None:
    """Every variable has one row with its type, default and description, and there is no other row."""
    expected = []
    for name, body in _declared("variable").items():
        declared, default = str(_argument(body, "type")), _argument(body, "default")
        shown = "list of objects" if declared.startswith("list(object(") else _TYPES[declared]
        expected.append([f"`{name}`", shown, "required" if default is None else f"`{default}`", _description(body)])
    assert sorted(_rows("inputs")) == sorted(expected)


def test_the_outputs_are_documented_as_they_are_declared() -> None:
    """Every output has one row with its description, in order, and there is no other row."""
    assert _rows("outputs") == [[f"`{name}`", _description(body)] for name, body in _declared("output").items()]


def test_the_keys_of_objects_are_documented() -> None:
    """The keys of each list of objects stand in the table of objects."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (`accounts`.*|`expression`.*) \|$", _README, re.MULTILINE))
    objects = {
        name: re.findall(r"^    (\w+)\s+= (?:optional|string|list)", body, re.MULTILINE)
        for name, body in _declared("variable").items()
        if "list(object(" in body
    }
    assert {name: re.findall(r"`(\w+)`", keys) for name, keys in rows.items()} == objects


@pytest.mark.parametrize("example", sorted(path.parent.name for path in _ROOT.glob("examples/*/main.tf")))
def test_every_example_is_linked_and_has_its_own_readme(example: str) -> None:
    """Every example stands in the README's table, says what it is for, and keeps its provider in a file of its own."""
    folder = _ROOT / "examples" / example
    assert f"[{example}](examples/{example})" in _README
    assert (folder / "README.md").read_text().startswith("# ")
    assert 'provider "' in (folder / "providers.tf").read_text()
    assert 'provider "' not in (folder / "main.tf").read_text()


def test_sensitive_variables_are_marked() -> None:
    """What may hold a secret is marked sensitive, and nothing else."""
    marked = {name for name, body in _declared("variable").items() if _argument(body, "sensitive") == "true"}
    assert marked == {"slack_bot_token", "default_slack_hook_url", "configuration"}
