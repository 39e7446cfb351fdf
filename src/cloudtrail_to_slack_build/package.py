"""`make package` and `make layer`: zips that are ready, for the module's `lambda_package` or for a layer of your own.

Prints the path of the zip, and lists the digests of all zips beside it in `SHA256SUMS`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudtrail_to_slack_build.archives import write_whole, zip_bytes
from cloudtrail_to_slack_build.bytecode import compiled, find_python
from cloudtrail_to_slack_build.layers import FOLDER, layer_of
from cloudtrail_to_slack_build.targets import BuildError, Target, read_target
from cloudtrail_to_slack_build.wheels import fetch_packages

if TYPE_CHECKING:
    from collections.abc import Sequence


_ROOT = Path(__file__).resolve().parents[2]
_CODE = _ROOT / "src" / "cloudtrail_to_slack"
_FUNCTION_FOLDER, _LAYER_FOLDER = "/var/task", f"/opt/{FOLDER}"
OUTPUT_DIRECTORY = Path("build", "package")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a zip as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("--runtime", default="python3.13")
    parser.add_argument("--architecture", default="arm64")
    parser.add_argument("--dependencies", action="store_true", help="only what requirements.txt pins: a layer")
    parser.add_argument("--config", type=Path, help="a config.json: the zip is then a function's, and no layer")
    parser.add_argument("--output-directory", type=Path, default=OUTPUT_DIRECTORY)
    options = parser.parse_args(arguments)
    try:
        target = read_target(options.runtime, options.architecture)
        if options.dependencies:
            path = build_dependencies(target, options.output_directory)
        else:
            path = build_package(target, options.config, options.output_directory)
    except (BuildError, OSError) as error:
        print(f"error: the package cannot be built: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


def build_package(target: Target, config: Path | None, output_directory: Path) -> Path:
    """Build the package of a target, code and dependencies, and return its path.

    Without a configuration it is a layer, for `lambda_package`; with one it is all of a function's code.

    Raises:
        BuildError: its dependencies cannot be had.
        OSError: a file cannot be read or written.
    """
    files = {**_dependencies(target), **_code()}
    python = find_python(target.runtime)
    if python:
        files.update(compiled(files, python, _FUNCTION_FOLDER if config else _LAYER_FOLDER))
    else:
        print(f"no {target.runtime} on this machine: nothing is compiled, and cold starts take longer", file=sys.stderr)
    if config:
        content = zip_bytes({**files, "config.json": config.read_bytes()})
        return _written(content, f"cloudtrail-to-slack-{_version()}-function", target, output_directory)
    return _written(layer_of(files), f"cloudtrail-to-slack-{_version()}", target, output_directory)


def build_dependencies(target: Target, output_directory: Path) -> Path:
    """Build the layer of what requirements.txt pins for a target, and return its path.

    Raises:
        BuildError: a package cannot be had.
        OSError: a file cannot be read or written.
    """
    content = layer_of(_dependencies(target))
    return _written(content, f"cloudtrail-to-slack-{_version()}-dependencies", target, output_directory)


def _written(content: bytes, name: str, target: Target, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{target.runtime}-{target.architecture}.zip"
    write_whole(path, content)
    digests = {zipped.name: hashlib.sha256(zipped.read_bytes()).hexdigest() for zipped in sorted(folder.glob("*.zip"))}
    write_whole(folder / "SHA256SUMS", "".join(f"{digest}  {file}\n" for file, digest in digests.items()).encode())
    return path


def _dependencies(target: Target) -> dict[str, bytes]:
    return fetch_packages((_ROOT / "requirements.txt").read_text(encoding="utf-8"), target)


def _code() -> dict[str, bytes]:
    found = (path for path in _CODE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(_CODE.parent).as_posix(): path.read_bytes() for path in found}


def _version() -> str:
    found = re.search(r'^version = "(.+)"$', (_ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


if __name__ == "__main__":
    sys.exit(main())
