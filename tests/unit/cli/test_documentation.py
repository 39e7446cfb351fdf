"""The page of the command line is checked against the code."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml

from cloudtrail_to_slack import testing
from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.main import COMMANDS
from cloudtrail_to_slack_cli.rule_tests.cases import EXPECTATIONS, KEYS
from cloudtrail_to_slack_dev.rule_schema import json_schema
from support.command_line import cloudtrail_to_slack, write
from support.pages import ROOT, blocks, first_column, headings, page

_PAGE = page("docs/cli.md")
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def command(name: str) -> click.Command:
    """Return a command."""
    found: click.Command = import_module(f"cloudtrail_to_slack_cli.commands.{name.replace('-', '_')}").command
    return found


def section(name: str) -> str:
    """Return the section of the page with that heading."""
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section {name}"
    return found[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    """A command has a line in the table, a section with an example, and its options in a table there."""
    assert f"| [`{name}`](#{name}) |" in _PAGE
    text = section(name)
    assert re.search(rf"^cloudtrail-to-slack {name}\b", text, re.MULTILINE)
    documented = {re.split(r"[ =]", option)[0] for option in first_column(text) if option.startswith("--")}
    options = {
        next(each for each in parameter.opts if each.startswith("--"))
        for parameter in command(name).params
        if isinstance(parameter, click.Option)
    }
    assert documented == options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """`--help` of a command shows an example, and the list of commands says what it does."""
    ran = cloudtrail_to_slack(name, "--help")
    assert ran.code == 0
    assert f"cloudtrail-to-slack {name}" in ran.out.split("Example")[1]
    assert re.search(rf"^  {name}\s+\S", cloudtrail_to_slack("--help").out, re.MULTILINE)


def test_no_other_command_is_documented() -> None:
    """The page names no command that does not exist."""
    named = set(re.findall(r"^(?:\$ )?cloudtrail-to-slack ([a-z][a-z-]*)", _PAGE, re.MULTILINE))
    assert named == set(COMMANDS)


def test_the_keys_of_tests_are_documented() -> None:
    """The page and the JSON Schema have the keys of tests that the code knows, and the expectations."""
    text = section("Tests in rule files")
    assert set(first_column(text)) == set(KEYS)
    assert set(re.findall(r"^- `(\w+)`:", text, re.MULTILINE)) == set(EXPECTATIONS)
    schema = json_schema()["$defs"]["test"]["properties"]
    assert set(schema) == set(KEYS)
    assert set(schema["expect"]["enum"]) == set(EXPECTATIONS)


def test_the_rule_file_of_the_page_passes(tmp_path: Path) -> None:
    """The rule file that the page shows passes its tests."""
    (shown,) = blocks(section("Tests in rule files"), "yml")
    ran = cloudtrail_to_slack("test", write(tmp_path, "rules.yaml", shown), "--min-tests", 1)
    assert ran.code == 0
    assert yaml.safe_load(shown)["rules"][0]["tests"][0]["sample"] in samples.names()


def test_the_public_module_is_documented() -> None:
    """Every public function of cloudtrail_to_slack.testing is in the table, and the example runs."""
    names = [name.split("(")[0].split(".")[0] for name in first_column(section("test")) if "(" in name]
    functions = {name for name in testing.__all__ if callable(getattr(testing, name)) and name.islower()}
    assert set(names) - {"ruleset"} == functions | {"Ruleset"}


def test_the_python_example_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test in Python that the page shows passes on the rule file that the page shows."""
    (shown,) = blocks(section("test"), "python")
    write(tmp_path, "rules/iam.yaml", blocks(section("Tests in rule files"), "yml")[0])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(shown, "docs/cli.md", "exec"), names)  # noqa: S102 (the project's own page)
    test = names["test_a_new_access_key_of_the_root_user_alerts"]
    assert callable(test)
    test()


def test_the_schema_is_the_one_that_ships() -> None:
    """`schema` prints the JSON Schema that ships with the package."""
    shipped = ROOT / "src" / "cloudtrail_to_slack" / "rules" / "rule_file_schema.json"
    assert json.loads(cloudtrail_to_slack("schema").out) == json.loads(shipped.read_text())


def test_the_package_has_what_it_promises() -> None:
    """The console script, the pytest plugin and the extra `cli` are declared; the wheel leaves the demo out."""
    assert _PROJECT["scripts"]["cloudtrail-to-slack"] == "cloudtrail_to_slack_cli.__main__:main"
    assert _PROJECT["entry-points"]["pytest11"]["cloudtrail_to_slack"] == "cloudtrail_to_slack_cli.pytest_plugin"
    names = {re.split("[<>=]", each)[0] for each in _PROJECT["optional-dependencies"]["cli"]}
    assert names >= {"click", "rich", "pyyaml"}
    assert not names & {re.split("[<>=]", each)[0] for each in _PROJECT["dependencies"]}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "src/cloudtrail_to_slack_dev" not in wheel["packages"]
    for package in ("cloudtrail_to_slack", "cloudtrail_to_slack_cli"):
        assert f"src/{package}" in wheel["packages"]
        assert (ROOT / "src" / package / "py.typed").is_file()


def _sources(package: str) -> Iterator[Path]:
    return (ROOT / "src" / package).rglob("*.py")


def test_imports_go_one_way() -> None:
    """The function imports nothing of the command line, and neither imports the demo, which is not in the wheel.

    `testing.py` is the command line's public face for tests in Python; nothing in the function imports it either.
    """
    public_face = ROOT / "src" / "cloudtrail_to_slack" / "testing.py"
    for package, never in (
        ("cloudtrail_to_slack", r"(?:cloudtrail_to_slack_(?:cli|dev)|cloudtrail_to_slack\.testing)"),
        ("cloudtrail_to_slack_cli", "cloudtrail_to_slack_dev"),
    ):
        for path in set(_sources(package)) - {public_face}:
            assert not re.search(rf"^\s*(?:from|import) {never}\b", path.read_text(), re.MULTILINE), path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    """The completion that the page switches on exists for each shell."""
    variable = "_CLOUDTRAIL_TO_SLACK_COMPLETE"
    assert f"{variable}={shell}_source cloudtrail-to-slack" in _PAGE
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), variable: f"{shell}_source"}
    done = subprocess.run(
        [sys.executable, "-m", "cloudtrail_to_slack_cli"], env=environment, capture_output=True, text=True, check=False
    )
    assert "complete" in done.stdout


def test_a_closed_pipe_is_no_error() -> None:
    """A reader that closes the pipe ends the command quietly."""
    code = f"{sys.executable} -m cloudtrail_to_slack_cli schema | head -c 10"
    done = subprocess.run(  # noqa: S602 (a pipe is what this is about)
        code,
        shell=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ('{\n  "$sche', "")


def test_wrong_usage_is_explained_without_a_traceback() -> None:
    """A command or option that does not exist is an error of one sentence, with what was probably meant."""
    ran = cloudtrail_to_slack("tset")
    assert ran.code == 2
    assert "There is no command 'tset'. Did you mean test?" in ran.err
    assert cloudtrail_to_slack().code == 2
    assert "Traceback" not in cloudtrail_to_slack("test", "--junit").err
    assert re.match(r"cloudtrail-to-slack \S+\n", cloudtrail_to_slack("--version").out)


def test_headings_name_commands_as_they_are_typed() -> None:
    """Each command has a heading of its own on the page."""
    names = [heading for level, heading in headings(_PAGE) if level == 2]
    assert [name for name in names if name in COMMANDS] == list(COMMANDS)
