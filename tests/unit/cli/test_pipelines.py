"""What runs the command line elsewhere: hooks for pre-commit, the action for GitHub, and the example repository."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.command_line import cloudtrail_to_slack, write
from support.pages import ROOT, blocks, page

EXAMPLE = ROOT / "examples" / "rules_repo"
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
RULES = """
rules:
  - id: deleted
    expression: event.get("eventname") == "DeleteTrail"
    tests:
      - {name: a trail, sample: delete-trail, expect: match}
"""


def commands(folder: Path) -> dict[str, str]:
    """Return an environment in which the command line of this checkout is on the path."""
    script = f'#!/bin/sh\nexec "{sys.executable}" -m cloudtrail_to_slack_cli "$@"\n'
    write(folder, "bin/cloudtrail-to-slack", script).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}


def step(name: str) -> str:
    """Return what a step of the action runs."""
    (found,) = (each["run"] for each in ACTION["runs"]["steps"] if each.get("name") == name)
    return str(found)


def run(script: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a step as GitHub runs it."""
    return subprocess.run(  # noqa: S603 (the action's own script)
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env={**commands(folder), **inputs}, cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_hooks_install_what_the_extra_has() -> None:
    """Each hook is a command that exists, with what the extra `cli` has, for files in folders called rules."""
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["cli"]
    assert [hook["entry"] for hook in HOOKS] == ["cloudtrail-to-slack check", "cloudtrail-to-slack test"]
    for hook in HOOKS:
        assert hook["additional_dependencies"] == extra
        assert hook["id"] == hook["entry"].replace(" ", "-")
        for path, fits in (
            ("rules/a.yaml", True),
            ("x/rules/b/c.json", True),
            ("rules.yaml", False),
            ("a/rules/b.tf", False),
        ):
            assert bool(re.search(hook["files"], path)) is fits


@pytest.mark.parametrize("source", ["docs/cli.md", "examples/rules_repo/.pre-commit-config.yaml"])
def test_the_hooks_that_are_shown_exist(source: str) -> None:
    """The documentation and the example use hooks that the repository has."""
    text = page(source)
    shown = next(each for each in blocks(text, "yml") if "hooks:" in each) if source.endswith(".md") else text
    ids = [hook["id"] for hook in yaml.safe_load(shown)["repos"][0]["hooks"]]
    assert set(ids) <= {hook["id"] for hook in HOOKS}


def test_the_action_annotates_the_pull_request(tmp_path: Path) -> None:
    """The action's steps fail for a mistake and a failed test, each with an annotation of the file and line."""
    write(tmp_path, "my/rules.yaml", RULES)
    checked = run(step("Check"), tmp_path, PATHS="my/rules.yaml", CONFIG="", TERRAFORM_PLAN="")
    assert checked.returncode == 1
    assert checked.stdout.startswith(
        "::warning file=my/rules.yaml,line=4,col=27,endColumn=38,title=CT010 unknown-field::"
    )
    tested = run(step("Test"), tmp_path, PATHS="my/rules.yaml", MIN_TESTS="0")
    assert tested.returncode == 1
    assert (
        "::error file=my/rules.yaml,line=6,title=a test of a rule failed::deleted: a trail%0Aexpected match, got"
        in tested.stdout
    )
    write(tmp_path, "my/rules.yaml", RULES.replace("eventname", "eventName"))
    assert run(step("Check"), tmp_path, PATHS="my", CONFIG="", TERRAFORM_PLAN="").returncode == 0
    assert run(step("Test"), tmp_path, PATHS="my", MIN_TESTS="0").returncode == 0
    assert run(step("Test"), tmp_path, PATHS="my", MIN_TESTS="1").returncode == 1


def test_the_action_reads_configurations_and_several_paths(tmp_path: Path) -> None:
    """Inputs become arguments, never commands: paths are split at spaces, files are passed as they are."""
    write(tmp_path, "a.yaml", RULES.replace("eventname", "eventName"))
    write(
        tmp_path,
        "b/rules.yaml",
        RULES.replace("eventname", "eventName").replace("deleted", "other").replace("Trail", "Vpc"),
    )
    config = write(tmp_path, "my config.json", json.dumps({"ruls": []}))
    done = run(step("Check"), tmp_path, PATHS="a.yaml b", CONFIG=str(config), TERRAFORM_PLAN="")
    assert done.returncode == 1
    assert "title=CT030 configuration::ruls is not a known key" in done.stdout
    done = run(step("Check"), tmp_path, PATHS="$(touch hacked) `touch hacked`", CONFIG="", TERRAFORM_PLAN="")
    assert done.returncode == 3
    assert not (tmp_path / "hacked").exists()


def test_the_action_interpolates_nothing_into_scripts() -> None:
    """Inputs reach scripts as environment variables: text of a pull request cannot become a command."""
    for each in ACTION["runs"]["steps"]:
        assert "${{" not in each.get("run", "")
    inputs = {name for each in ACTION["runs"]["steps"] for name in re.findall(r"inputs\.([a-z-]+)", json.dumps(each))}
    assert inputs == set(ACTION["inputs"])


def test_the_example_is_clean_and_passes() -> None:
    """The example's rules have no finding, and tests of both kinds that pass."""
    checked = cloudtrail_to_slack("check", EXAMPLE / "rules")
    assert (checked.code, checked.out) == (0, "no findings (6 rules in 3 files)\n")
    assert cloudtrail_to_slack("test", EXAMPLE / "rules", "--min-tests", 1).code == 0


def test_pytest_runs_everything_in_the_example(tmp_path: Path) -> None:
    """In the example, `pytest` runs the tests in Python and those in the rule files."""
    done = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "cloudtrail_to_slack_cli.pytest_plugin",
         "-p", "no:cloudtrail_to_slack", "--rootdir", str(EXAMPLE), str(EXAMPLE)],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert re.search(r"^19 passed", done.stdout, re.MULTILINE), done.stdout


def test_the_workflow_of_the_example_fits_the_action() -> None:
    """The example's workflow and the documentation give the action inputs that it has."""
    workflow: dict[str, Any] = yaml.safe_load((EXAMPLE / ".github" / "workflows" / "rules.yml").read_text())
    (used,) = (each for each in workflow["jobs"]["rules"]["steps"] if "cloudtrail-to-slack" in each.get("uses", ""))
    assert set(used["with"]) <= set(ACTION["inputs"])
    (shown,) = (each for each in blocks(page("docs/cli.md"), "yml") if "uses:" in each)
    assert set(yaml.safe_load(shown)[0]["with"]) <= set(ACTION["inputs"])
