"""What a Terraform module declares, and what the tables of its documentation say of it."""

import json
import re
from pathlib import Path

_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_TYPES = {
    "string": "string",
    "number": "number",
    "bool": "bool",
    "list(string)": "list of strings",
    "map(string)": "map of strings",
}
_OBJECTS = {
    "list(object(": "list of objects",
    "map(list(object(": "map of lists of objects",
    "map(object(": "map of objects",
}


def declared(folder: Path, kind: str) -> dict[str, str]:
    """Return the body of every block of a kind, by its name, in the order of files and lines."""
    texts = [path.read_text() for path in sorted(folder.glob("*.tf"))]
    return {name: body for text in texts for found, name, body in _BLOCK.findall(text) if found == kind}


def argument(body: str, name: str) -> str | None:
    """Return what stands behind `name =`, on one line."""
    found = re.search(rf"^  {name}\s*= (.*?)(?=^  \w|^\n|\Z)", body, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else None


def rows(page: str, marker: str) -> list[list[str]]:
    """Return the cells of every row between two markers that begins with a name in backticks."""
    (text,) = re.findall(rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", page, re.DOTALL)
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]


def input_rows(folder: Path) -> list[list[str]]:
    """Return the row each variable must have: name, type, default and description."""
    expected = []
    for name, body in declared(folder, "variable").items():
        kind, default = str(argument(body, "type")), argument(body, "default")
        shown = next((name for begin, name in _OBJECTS.items() if kind.startswith(begin)), None) or _TYPES[kind]
        expected.append([f"`{name}`", shown, "required" if default is None else f"`{default}`", description(body)])
    return expected


def output_rows(folder: Path) -> list[list[str]]:
    """Return the row each output must have: name and description."""
    return [[f"`{name}`", description(body)] for name, body in declared(folder, "output").items()]


def description(body: str) -> str:
    """Return the description of a variable or output."""
    return str(json.loads(argument(body, "description") or '""'))
