"""The tables of inputs and outputs say what the Terraform modules have."""

import re
from pathlib import Path

import pytest

from support.module_docs import argument, declared, input_rows, output_rows, rows
from support.pages import PAGES, blocks, page

_ROOT = Path(__file__).resolve().parents[2]
_MODULES = [
    ".",
    *sorted(f"modules/{path.parent.name}" for path in _ROOT.glob("modules/*/versions.tf")),
    "examples/backtest",
]


def _tables(module: str) -> str:
    """Return the page with a module's tables: its README, and docs/terraform.md for the module itself."""
    return (_ROOT / ("docs/terraform.md" if module == "." else f"{module}/README.md")).read_text()


@pytest.mark.parametrize("module", _MODULES)
def test_the_inputs_are_documented_as_they_are_declared(module: str) -> None:
    """Every variable has one row with its type, default and description, and there is no other row."""
    assert sorted(rows(_tables(module), "inputs")) == sorted(input_rows(_ROOT / module))


@pytest.mark.parametrize("module", _MODULES)
def test_the_outputs_are_documented_as_they_are_declared(module: str) -> None:
    """Every output has one row with its description, in order, and there is no other row."""
    assert rows(_tables(module), "outputs") == output_rows(_ROOT / module)


def test_the_keys_of_objects_are_documented() -> None:
    """The keys of each list or map of objects stand in the table of objects."""
    documented = dict(
        re.findall(
            r"^\| `(\w+)` \| (`accounts`.*|`expression`.*|`protocol`.*|optionally `default`.*) \|$",
            _tables("."),
            re.MULTILINE,
        )
    )
    objects = {
        name: re.findall(r"^    (\w+)\s+= (?:optional|string|list)", body, re.MULTILINE)
        for name, body in declared(_ROOT, "variable").items()
        if "(object(" in body
    }
    assert {name: re.findall(r"`(\w+)`", keys) for name, keys in documented.items()} == objects


@pytest.mark.parametrize("path", PAGES)
def test_the_arguments_that_pages_show_exist(path: str) -> None:
    """What a page shows as Terraform sets only variables of the module it calls, or of the root module."""
    for block in blocks(page(path), "hcl"):
        called = re.search(r"//(modules/[a-z-]+)", block)
        known = {*declared(_ROOT / (called[1] if called else "."), "variable"), "source", "version", "providers"}
        flat = re.sub(r"= \[\{.*?^\}\]", "= []", block, flags=re.MULTILINE | re.DOTALL)  # without the keys of objects
        shown = re.findall(r"^(?:  )?(\w+)\s*=", flat, re.MULTILINE)
        assert shown
        assert set(shown) <= known


@pytest.mark.parametrize("example", sorted(path.parent.name for path in _ROOT.glob("examples/*/main.tf")))
def test_every_example_is_linked_and_has_its_own_readme(example: str) -> None:
    """Every example is in a table of docs/deployment.md, says what it is for, and has a file for its provider."""
    folder = _ROOT / "examples" / example
    assert f"[{example}](../examples/{example})" in (_ROOT / "docs" / "deployment.md").read_text()
    assert (folder / "README.md").read_text().startswith("# ")
    assert 'provider "' in (folder / "providers.tf").read_text()
    assert 'provider "' not in (folder / "main.tf").read_text()


@pytest.mark.parametrize(
    ("module", "secrets"),
    [
        (".", {"slack_bot_token", "default_slack_hook_url", "configuration"}),
        ("modules/tripwire", {"slack_bot_token", "slack_hook_url"}),
        ("modules/realtime-forwarder", set()),
    ],
)
def test_sensitive_variables_are_marked(module: str, secrets: set[str]) -> None:
    """What may hold a secret is marked sensitive, and nothing else."""
    variables = declared(_ROOT / module, "variable")
    assert {name for name, body in variables.items() if argument(body, "sensitive") == "true"} == secrets


@pytest.mark.parametrize("module", [path for path in _MODULES if not path.startswith("examples")])
def test_a_validation_refers_to_its_own_variable_alone(module: str) -> None:
    """Before version 1.9, which versions.tf allows, Terraform refuses a validation that refers to anything else."""
    for name, body in declared(_ROOT / module, "variable").items():
        for validation in re.findall(r"^  validation \{\n(.*?)^  \}", body, re.MULTILINE | re.DOTALL):
            shown = validation.replace("$${path.module}", "")  # which a message says
            found = re.findall(r"(?<![\w.])(?:var|local|path|data|module|terraform)\.\w+", shown)
            assert set(found) == {f"var.{name}"}
