"""Fetches the wheels that requirements pin, with pip, and reads them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cloudtrail_to_slack_build.errors import BuildError
from cloudtrail_to_slack_build.pins import pins_for
from cloudtrail_to_slack_build.pip_errors import explain

if TYPE_CHECKING:
    from cloudtrail_to_slack_build.targets import Target

# Of a wheel's `.data` folder these belong among the packages; scripts and headers have no use in Lambda.
_LIBRARIES = {"purelib", "platlib"}


def fetch_packages(requirements: str, target: Target) -> dict[str, bytes]:
    """Return the files of everything that the requirements pin, by their paths below a folder on `sys.path`.

    The user's own configuration of pip decides where wheels come from; their hashes decide whether they are taken.

    Raises:
        BuildError: pip is missing, or could not fetch everything.
    """
    with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
        pins, wheels = Path(folder, "requirements.txt"), Path(folder, "wheels")
        pins.write_text(pins_for(requirements, target), encoding="utf-8")
        _run_pip(_download(pins, wheels, target), target)
        files: dict[str, bytes] = {}
        for wheel in sorted(wheels.glob("*.whl")):
            files.update(_read_wheel(wheel))
    return files


def _download(pins: Path, wheels: Path, target: Target) -> list[str]:
    """Return pip's arguments.

    `download`, not `install`: what `install` writes besides (scripts, records, caches) differs between machines. Only
    when it is very verbose does pip say that an index did not answer.
    """
    arguments = ["download", "-vv", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    arguments += ["--only-binary=:all:", "--implementation=cp", f"--python-version={target.python_version}"]
    arguments += [f"--platform={platform}" for platform in target.platforms]
    return [*arguments, f"--requirement={pins}", f"--dest={wheels}"]


def _run_pip(arguments: list[str], target: Target) -> None:
    environment = {
        **os.environ,
        # Nothing is installed, so it does not matter whether a virtual environment is active.
        "PIP_REQUIRE_VIRTUALENV": "0",
        # Modules of the working directory, which is a Terraform configuration, must not stand in for pip's own.
        "PYTHONSAFEPATH": "1",
    }
    ran = subprocess.run(  # noqa: S603 (this very Python's pip)
        [sys.executable, "-m", "pip", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ran.returncode:
        raise BuildError(explain(ran.stdout, target))


def _read_wheel(path: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as wheel:
        for member in wheel.infolist():
            name = _installed_name(member.filename)
            if name and not member.is_dir():
                files[name] = wheel.read(member)
    return files


def _installed_name(name: str) -> str | None:
    """Return where a wheel's file goes; source: the wheel format (PEP 427)."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    kind, _, inner = rest.partition("/")
    return inner if kind in _LIBRARIES else None
