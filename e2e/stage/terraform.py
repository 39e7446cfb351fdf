"""Terraform on an example or another configuration, in a copy of its own."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
_SECONDS = 600  # the provider itself waits for minutes where AWS answers with errors
_MODULE = re.compile(r'^module "([^"]+)" \{\s+source\s*= "([^"]+)"', re.MULTILINE)


class TerraformError(AssertionError):
    """Terraform failed, or found a difference where there must be none."""


@dataclass
class Deployment:
    """A configuration that calls the module, in a copy of both; arguments can be set over an example's own."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, example: str, work: Path, environment: Mapping[str, str]) -> "Deployment":
        """Copy the module and one of its examples to `work`."""
        _copy_module(work)
        ignored = shutil.ignore_patterns(".terraform*", "terraform.tfstate*")
        shutil.copytree(ROOT / "examples" / example, work / "examples" / example, ignore=ignored)
        return cls(work / "examples" / example, environment)

    @classmethod
    def calling(cls, work: Path, environment: Mapping[str, str], text: str) -> "Deployment":
        """Copy the module to `work/module`, and write a configuration beside it, which calls it as `../module`."""
        _copy_module(work / "module")
        deployment = cls(work / "root", environment)
        deployment.folder.mkdir()
        deployment.write(text)
        return deployment

    @property
    def module(self) -> Path:
        """The folder of the module that a configuration calls as `../module`."""
        return self.folder.parent / "module"

    def write(self, text: str) -> None:
        """Write the configuration anew."""
        (self.folder / "main.tf").write_text(text)

    def moved_to(self, work: Path) -> "Deployment":
        """Copy configuration, module, state and plan to another folder, as to another machine; what was built stays."""
        shutil.copytree(self.folder.parent, work, ignore=shutil.ignore_patterns(".terraform"))
        return Deployment(work / self.folder.name, self.environment)

    @property
    def text(self) -> str:
        """All of the example's configuration."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.tf")))

    def set_over(self, **arguments: Any) -> None:
        """Set arguments of the module over what the example says; what stands beside it stays as it is."""
        modules = [name for name, source in _MODULE.findall(self.text) if source == "../../"]
        assert len(modules) == 1, f"one block of this module was expected in {self.folder.name}, not {modules}"
        overriding = {"module": {modules[0]: arguments}}
        (self.folder / "e2e_override.tf.json").write_text(json.dumps(overriding))

    def init(self) -> None:
        """Initialise."""
        self.run("init", "-backend=false", "-input=false")

    def apply(self) -> None:
        """Initialise and apply."""
        self.init()
        self.run("apply", "-auto-approve", "-input=false")

    def plan(self, *options: str) -> str:
        """Plan, keep the plan in the configuration's folder, and return what Terraform prints."""
        return self.run("plan", "-input=false", "-out=the.plan", *options)

    def apply_plan(self) -> None:
        """Apply the plan that is kept."""
        self.run("apply", "-input=false", "the.plan")

    def expect_no_changes(self) -> None:
        """Plan again.

        Raises:
            TerraformError: the plan is not empty.
        """
        self.run("plan", "-detailed-exitcode", "-input=false")

    def destroy(self) -> None:
        """Destroy everything that was applied."""
        self.run("destroy", "-auto-approve", "-input=false", "-refresh=false")

    def resources(self) -> list[dict[str, Any]]:
        """Return the state's resources as they stand in the state file, each instance with its `type`."""
        path = self.folder / "terraform.tfstate"
        state = json.loads(path.read_text())
        return [
            {
                "module": resource.get("module", ""),
                "type": resource["type"],
                "name": resource["name"],
                **instance["attributes"],
            }
            for resource in state["resources"]
            if resource["mode"] == "managed"
            for instance in resource["instances"]
        ]

    def outputs(self) -> dict[str, Any]:
        """Return the example's outputs."""
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        return {name: output["value"] for name, output in state["outputs"].items()}

    def run(self, *arguments: str) -> str:
        """Run Terraform and return what it prints.

        Raises:
            TerraformError: it failed.
        """
        ran = subprocess.run(  # noqa: S603 (the terraform on the PATH)
            ["terraform", *arguments, "-no-color"],  # noqa: S607
            cwd=self.folder,
            # The provider spends a quarter of its time on collecting garbage, if it is let.
            env={**os.environ, **self.environment, "TF_IN_AUTOMATION": "1", "GOGC": "400"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if ran.returncode:
            raise TerraformError(f"terraform {arguments[0]} in {self.folder.name}:\n{ran.stdout[-6000:]}")
        return ran.stdout


def _copy_module(work: Path) -> None:
    work.mkdir(parents=True)
    for path in [*ROOT.glob("*.tf"), ROOT / "requirements.txt"]:
        shutil.copy(path, work)
    for package in ("cloudtrail_to_slack", "cloudtrail_to_slack_build"):
        shutil.copytree(ROOT / "src" / package, work / "src" / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "modules", work / "modules", ignore=shutil.ignore_patterns(".terraform*"))
