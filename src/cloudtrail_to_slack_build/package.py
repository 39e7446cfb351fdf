"""`make package`: a zip with everything the function runs, for the module's `lambda_package`. Prints its path."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudtrail_to_slack_build.archives import write_whole, zip_bytes
from cloudtrail_to_slack_build.bytecode import compiled, find_python
from cloudtrail_to_slack_build.errors import BuildError
from cloudtrail_to_slack_build.targets import read_target
from cloudtrail_to_slack_build.wheels import fetch_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudtrail_to_slack_build.targets import Target

_ROOT = Path(__file__).resolve().parents[2]
_CODE = _ROOT / "src" / "cloudtrail_to_slack"
_IN_LAMBDA = "/var/task"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a package as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("--runtime", default="python3.13")
    parser.add_argument("--architecture", default="arm64")
    parser.add_argument("--config", type=Path, help="a config.json to put beside the code")
    parser.add_argument("--output-directory", type=Path, default=Path("build", "package"))
    options = parser.parse_args(arguments)
    try:
        target = read_target(options.runtime, options.architecture)
        path = build_package(target, options.config, options.output_directory)
    except (BuildError, OSError) as error:
        print(f"error: the package cannot be built: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


def build_package(target: Target, config: Path | None, output_directory: Path) -> Path:
    """Build the package of a target and return its path.

    Raises:
        BuildError: its dependencies cannot be had.
        OSError: a file cannot be read or written.
    """
    files = {**fetch_packages((_ROOT / "requirements.txt").read_text(encoding="utf-8"), target), **_code()}
    if config:
        files["config.json"] = config.read_bytes()
    python = find_python(target.runtime)
    if python:
        files.update(compiled(files, python, _IN_LAMBDA))
    else:
        print(f"no {target.runtime} on this machine: nothing is compiled, and cold starts take longer", file=sys.stderr)
    output_directory.mkdir(parents=True, exist_ok=True)
    path = output_directory / f"cloudtrail-to-slack-{_version()}-{target.runtime}-{target.architecture}.zip"
    write_whole(path, zip_bytes(files))
    return path


def _code() -> dict[str, bytes]:
    found = (path for path in _CODE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(_CODE.parent).as_posix(): path.read_bytes() for path in found}


def _version() -> str:
    found = re.search(r'^version = "(.+)"$', (_ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


if __name__ == "__main__":
    sys.exit(main())
