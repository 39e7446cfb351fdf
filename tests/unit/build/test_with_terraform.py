"""Where Terraform cannot work, what needs it is skipped in one clear line, or fails where it is required."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

_PROGRAM = Path(__file__).resolve().parents[2] / "support" / "with_terraform.py"
_NO_REGISTRY = """
│ Error: Failed to query available provider packages
│
│ Could not retrieve the list of available versions for provider
│ hashicorp/aws: could not connect to registry.example
│
│ To see which modules are currently depending on hashicorp/aws and what
│ versions are specified, run the following command:
│     terraform providers
│ Error: Failed to query available provider packages
"""
_WORKING = 'case "$1" in init) mkdir -p .terraform/providers; test -f versions.tf;; esac'


class Machine:
    """A machine with a PATH of its own, on which a shell script may play Terraform."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ran = folder / "ran"

    def install(self, script: str) -> None:
        """Put a `terraform` on the PATH."""
        path = self._folder / "terraform"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(
        self, *options: str, command: str = 'echo "$TF_CLI_ARGS_init" >"$0"', **environment: str
    ) -> tuple[int, str]:
        """Run a command with Terraform; return the exit status and what was printed."""
        # `mkdir` and `sleep` are found behind the script's folder; a real terraform is not.
        path = os.pathsep.join([str(self._folder), *_folders_without_terraform()])
        done = subprocess.run(  # noqa: S603 (our own interpreter and program)
            [
                sys.executable,
                _PROGRAM,
                "--work",
                self._folder / "providers",
                *options,
                "the tests",
                "/bin/sh",
                "-c",
                command,
                self.ran,
            ],
            env={"PATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout


def _folders_without_terraform() -> list[str]:
    folders = ["/usr/bin", "/bin"]
    return [folder for folder in folders if not (Path(folder) / "terraform").exists()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without Terraform."""
    return Machine(tmp_path)


def test_without_terraform_it_is_skipped(machine: Machine) -> None:
    """Without a terraform on the PATH the command does not run, and one line says so."""
    assert machine.run() == (0, "skipped: the tests, because there is no terraform on the PATH\n")
    assert not machine.ran.exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    {
        "registry": (f"cat <<'E'\n{_NO_REGISTRY}E\n[ $1 = version ]", "could not connect to registry.example"),
        "signal": ('[ "$1" = version ] || kill -9 $$', "it printed nothing"),
        "shim": ("echo 'no version is set; run tfenv use'; exit 1", "terraform version failed: no version is set"),
        "hangs": ('[ "$1" = version ] || sleep 1000', "stopped after 0.5 seconds without a result"),
    }.values(),
    ids=["registry", "signal", "shim", "hangs"],
)
def test_without_providers_it_is_skipped(machine: Machine, script: str, reason: str) -> None:
    """Where the providers cannot be installed, or not in time, one line says so with Terraform's own first reason."""
    machine.install(script)
    started = time.monotonic()
    status, printed = machine.run("--providers", TERRAFORM_INIT_SECONDS="0.5")
    assert time.monotonic() - started < 500  # not until a registry that hangs answers
    *_, line = printed.splitlines()
    assert status == 0
    assert line.startswith("skipped: the tests, because ")
    assert reason in line
    assert "To see which" not in line
    assert not machine.ran.exists()


@pytest.mark.parametrize("script", [None, "exit 1", '[ "$1" = version ]'])
def test_where_it_is_required_it_fails(machine: Machine, script: str | None) -> None:
    """With REQUIRE_TERRAFORM nothing is skipped: a machine on which Terraform cannot work fails."""
    if script:
        machine.install(script)
    status, printed = machine.run("--providers", REQUIRE_TERRAFORM="1")
    assert status == 1
    assert printed.splitlines()[-1].startswith(
        "error: REQUIRE_TERRAFORM is set, and this cannot run: the tests, because"
    )
    assert not machine.ran.exists()


def test_with_providers_it_runs(machine: Machine) -> None:
    """Where the providers can be installed the command runs, and takes those for every `terraform init`."""
    machine.install(_WORKING)
    status, _ = machine.run("--providers", REQUIRE_TERRAFORM="1")
    assert status == 0
    assert machine.ran.read_text().startswith("-plugin-dir=/")


@pytest.mark.parametrize("environment", [{}, {"REQUIRE_TERRAFORM": "1"}])
def test_a_failure_of_the_command_is_one(machine: Machine, environment: dict[str, str]) -> None:
    """The command's own failure is never taken for a Terraform that cannot work."""
    machine.install(_WORKING)
    assert machine.run("--providers", command="exit 7", **environment)[0] == 7
    assert machine.run(command="exit 7", **environment)[0] == 7


def test_without_need_of_providers_none_are_installed(machine: Machine) -> None:
    """What needs Terraform alone works where no registry answers."""
    machine.install('[ "$1" = version ]')
    assert machine.run() == (0, "")
    assert machine.ran.read_text() == "\n"
