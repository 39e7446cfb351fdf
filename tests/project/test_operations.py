"""What operators read names what is there: alarms, and the steps of a release."""

import re
import tomllib

import yaml

from support.pages import ROOT, first_column, page


def test_every_alarm_is_explained() -> None:
    """The table of alarms names every alarm of the module, and no other."""
    text = (ROOT / "monitoring.tf").read_text()
    inside = text[text.index("alarms = merge(") : text.index('resource "aws_cloudwatch_metric_alarm" "this"')]
    alarms = {f"…-{name}" for name in re.findall(r"^ {6}([a-z-]+) = \{$", inside, re.MULTILINE)}
    named = first_column(page("docs/operations.md").partition("## What each alarm means")[2])
    assert set(named) == alarms | {"…-dead-letters"} | {
        f"…-{name}" for name in re.findall(r"\{ (undelivered-[a-z-]+|queue-age|missing-log-data) = ", text)
    }


def test_variables_that_operators_are_sent_to_exist() -> None:
    """Each name in code that looks like a variable is one."""
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", page("docs/operations.md")))
    variables = set(re.findall(r'^variable "(\w+)"', (ROOT / "variables.tf").read_text(), re.MULTILINE))
    assert names
    assert names <= variables


def test_workflows_run_commands_that_exist() -> None:
    """Each `make` command of the workflows and of CONTRIBUTING.md is a target, and the workflows are YAML."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert all(yaml.safe_load(workflow.read_text())["jobs"] for workflow in workflows)
    texts = [page("CONTRIBUTING.md"), *(workflow.read_text() for workflow in workflows)]
    commands = {command for text in texts for command in re.findall(r"(?<![\w-])make ([a-z0-9-]+)", text)}
    assert {"test", "package", "layer"} <= commands <= targets


def test_the_version_has_a_section_in_the_changelog() -> None:
    """What pyproject.toml calls the version is a dated section of the changelog, as the release workflow demands."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", page("CHANGELOG.md"), re.MULTILINE)
