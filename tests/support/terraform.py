"""Terraform with a provider that makes nothing: whole states and plans, without AWS and without credentials."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.policies import Statement

_RULE_CHECK = {"patterns": json.dumps([json.dumps({"source": ["aws.iam"]})])}
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Diagnostic:
    """An error or a warning of a plan. `place` is the block that it points to."""

    severity: str
    place: str
    text: str


def _diagnostic(found: dict[str, Any]) -> Diagnostic:
    snippet = found.get("snippet", {})
    place = snippet.get("context") or ""
    values = [f"{value['traversal']} {value['statement']}" for value in snippet.get("values") or []]
    return Diagnostic(found["severity"], place, "\n".join([found["summary"], found["detail"], *values]))


class Terraform:
    """Terraform in a folder of its own. `TF_CLI_CONFIG_FILE_V6` names the provider; without it, tests are skipped."""

    def __init__(self, folder: Path, account: str) -> None:
        provider, program = os.environ.get("TF_CLI_CONFIG_FILE_V6"), shutil.which("terraform")
        if not provider or not program:
            pytest.skip("needs terraform, and TF_CLI_CONFIG_FILE_V6 for a provider that makes nothing")
        self._folder = folder
        self._program = program
        others = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
        self._environment = {**others, "TF_CLI_CONFIG_FILE": provider, "TFSTUB_AWS_ACCOUNT": account}
        (folder / "package.zip").touch()

    def write(self, text: str, path: str = "main.tf") -> None:
        """Write a file of the configuration."""
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_text(text)

    def copy_module(self, folder: str = ".", *, only: str = "*.tf") -> None:
        """Copy a module of this project to `./module`, or `only` some of its files, without the function's code."""
        module = self._folder / "module"
        module.mkdir()
        for path in (_ROOT / folder).glob(only):
            shutil.copy(path, module)
        if folder == ".":
            shutil.copy(_ROOT / "requirements.txt", module)
            builder = "src/cloudtrail_to_slack_build"
            shutil.copytree(_ROOT / builder, module / builder, ignore=shutil.ignore_patterns("__pycache__"))
            schema = "src/cloudtrail_to_slack/rules/rule_file_schema.json"
            (module / schema).parent.mkdir(parents=True)
            shutil.copy(_ROOT / schema, module / schema)
            # The rules are not what these tests are about, and to check them takes the code and half a second a call.
            # Nor is the bucket.
            (module / builder / "plan" / "bucket.py").write_text("print('{}')\n")
            (module / builder / "plan" / "program.py").write_text(f"print({json.dumps(json.dumps(_RULE_CHECK))})\n")

    def run(self, *arguments: str) -> str:
        """Run a command, which must succeed, and return what it says."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fails(self, *arguments: str) -> str:
        """Run a command, which must fail, and return what it says."""
        done = self._run(*arguments)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def diagnostics(self) -> list[Diagnostic]:
        """Plan, whether that succeeds or fails, and return its errors and warnings."""
        lines = [json.loads(line) for line in self._run("plan", "-json").stdout.splitlines()]
        return [_diagnostic(line["diagnostic"]) for line in lines if line["type"] == "diagnostic"]

    def failed_checks(self) -> set[str]:
        """Plan, and return the addresses of the checks that fail."""
        self.run("plan", "-out=plan")
        checks = json.loads(self.run("show", "-json", "plan")).get("checks", [])
        return {
            instance["address"]["to_display"]
            for check in checks
            for instance in check.get("instances", [])
            if instance["status"] == "fail"
        }

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command, *rest = arguments
        quiet = {"show": [], "test": ["-no-color"]}.get(command, ["-input=false", "-no-color"])
        return subprocess.run(  # noqa: S603 (Terraform, with arguments from tests)
            [self._program, command, *quiet, *rest],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return what is applied: the values of every resource of the modules called, by its address."""
        modules = json.loads(self.run("show", "-json"))["values"]["root_module"]["child_modules"]
        return {resource["address"]: resource["values"] for module in modules for resource in module["resources"]}

    def policies(self) -> dict[str, list[Statement]]:
        """Return what is applied of policies: the statements of each role's, queue's and topic's, by its address."""
        return {
            address.split("[")[0]: json.loads(values["policy"])["Statement"]
            for address, values in self.resources().items()
            if re.search(r"aws_(iam_role|sqs_queue|sns_topic)_policy", address)
        }

    def planned(self) -> dict[str, dict[str, Any]]:
        """Return what a plan would change: for every resource, by its address, what the plan says of it."""
        self.run("plan", "-out=plan")
        changes = json.loads(self.run("show", "-json", "plan"))["resource_changes"]
        return {change["address"]: change for change in changes if change["mode"] == "managed"}
