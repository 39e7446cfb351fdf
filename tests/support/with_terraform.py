"""Run a command where Terraform can work, and say what was skipped where it cannot.

    python tests/support/with_terraform.py [--providers] WHAT COMMAND…

runs COMMAND when there is a working `terraform` on the PATH and, with `--providers`, when it can install the providers
that `versions.tf` asks for: from a registry, or from where `TF_CLI_CONFIG_FILE` says. Otherwise it prints in one line
that WHAT was skipped and why, and succeeds; or fails, when the environment variable `REQUIRE_TERRAFORM` is not empty.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120.0  # a registry may accept connections and never answer; `TERRAFORM_INIT_SECONDS` sets another limit
_ERROR = re.compile(r"^[│\s]*Error: (.*?)(?=^[│\s]*Error: |\Z)", re.MULTILINE | re.DOTALL)


class UnavailableError(Exception):
    """Terraform cannot work here; the message says why."""


def find_terraform(environment: Mapping[str, str]) -> str:
    """Return the path of a `terraform` that runs.

    Raises:
        UnavailableError: there is none on the PATH, or it does not even say its version.
    """
    program = shutil.which("terraform", path=environment.get("PATH", ""))
    if program is None:
        raise UnavailableError("there is no terraform on the PATH")
    _run([program, "version"], environment, _ROOT)
    return program


def find_providers(program: str, environment: Mapping[str, str], work: Path) -> Path:
    """Return the folder of the providers that `versions.tf` asks for, as `-plugin-dir` takes it.

    Terraform itself installs them into `work`, which is made anew.

    Raises:
        UnavailableError: `terraform init` fails, or takes too long.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copy(_ROOT / "versions.tf", work)
    others = {name: value for name, value in environment.items() if name != "TF_DATA_DIR"}
    _run([program, "init", "-backend=false", "-input=false", "-no-color"], others, work)
    return work / ".terraform" / "providers"


def _run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    seconds = float(environment.get("TERRAFORM_INIT_SECONDS") or _SECONDS)
    name = " ".join(["terraform", command[1]])
    try:
        # In a session of its own, so that what it started ends with it.
        process = subprocess.Popen(  # noqa: S603 (Terraform)
            command,
            cwd=folder,
            env={**environment, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise UnavailableError(f"{name} cannot be started: {error.strerror}") from error
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{name} was stopped after {seconds:g} seconds without a result") from None
        finally:
            if process.poll() is None:  # an interruption too: nothing is left running
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise UnavailableError(f"{name} failed: {_reason(output)}")


def _reason(output: str) -> str:
    """Return the first error in Terraform's output, or the output's end, in one line."""
    errors = _ERROR.findall(output)
    words = " ".join((errors[0] if errors else output[-300:]).replace("│", " ").split())
    return words.partition(" To see which modules are currently")[0] or "it printed nothing"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command or say why not; return the exit status."""
    parser = argparse.ArgumentParser(description="Run a command where Terraform can work.")
    parser.add_argument("--providers", action="store_true", help="it needs the module's providers too")
    parser.add_argument("--work", type=Path, default=_ROOT / "build" / "terraform" / "providers", help="for providers")
    parser.add_argument("what", help="what is skipped where Terraform cannot work")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    added: dict[str, str] = {}
    try:
        program = find_terraform(environment)
        if options.providers:
            print("getting Terraform's providers", flush=True)
            folder = find_providers(program, environment, options.work.absolute())
            # One installation, and possibly one download, serves every `terraform init` of the command.
            added["TF_CLI_ARGS_init"] = f"-plugin-dir={folder}"
    except UnavailableError as reason:
        required = bool(environment.get("REQUIRE_TERRAFORM"))
        start = "error: REQUIRE_TERRAFORM is set, and this cannot run" if required else "skipped"
        print(f"{start}: {options.what}, because {reason}", flush=True)
        return int(required)
    # A program of this project, from its Makefile.
    return subprocess.run(options.command, env={**environment, **added}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
