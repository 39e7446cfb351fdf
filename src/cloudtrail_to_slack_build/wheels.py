"""Fetches the wheels that requirements pin for a target, with pip, and reads them; explains what pip refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from cloudtrail_to_slack_build.targets import BuildError, Target

# Of a wheel's `.data` folder these belong among the packages; scripts and headers have no use in Lambda.
_LIBRARIES = {"purelib", "platlib"}
_CONTINUED = re.compile(r"\\\n")
_COMMENT = re.compile(r"(^|\s)#.*")
_WITH_MARKER = re.compile(r"(?P<pin>[^;]+?)\s*;\s*(?P<marker>.+?)(?P<hashes>(\s+--hash=\S+)*)\s*")
_LINES_SHOWN = 12
_TRACEBACK = "\nException information:\n"  # pip's own
_MISSING = re.compile(r"No module named '?pip\b")
_WRONG_HASH = re.compile(r"DO NOT MATCH THE HASHES")
_NO_INDEX = re.compile(
    r"Retrying \(Retry|Could not fetch URL .*?: (?:connection error|There was a problem confirming the ssl certificate"
    r"|(?:40[137]|5\d\d) (?:Client|Server) Error)"
)
_NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")


def fetch_packages(requirements: str, target: Target) -> dict[str, bytes]:
    """Return the files of everything that the requirements pin, by their paths below a folder on `sys.path`.

    The user's own configuration of pip decides where wheels come from; their hashes decide whether they are taken.

    Raises:
        BuildError: pip is missing, or could not fetch everything.
    """
    with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
        pins, wheels = Path(folder, "requirements.txt"), Path(folder, "wheels")
        pins.write_text(_pins_for(requirements, target), encoding="utf-8")
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
        raise BuildError(_explanation(ran.stdout, target))


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


def _pins_for(requirements: str, target: Target) -> str:
    """Return the requirements that apply to the target, one on a line, without markers and comments.

    pip judges the markers of a requirements file (`; python_version < "3.13"`) by the Python that runs it, whatever
    `--python-version` says. So they are evaluated here, for the target.
    """
    lines = (_COMMENT.sub("", line).strip() for line in _CONTINUED.sub(" ", requirements).splitlines())
    applying = (_applying(line, target) for line in lines if line)
    return "".join(f"{line}\n" for line in applying if line)


def _applying(line: str, target: Target) -> str | None:
    parts = _WITH_MARKER.fullmatch(line)
    if not parts:
        return line
    return parts["pin"] + parts["hashes"] if _holds(parts["marker"], target) else None


def _holds(marker: str, target: Target) -> bool:
    """Whether a marker holds on the target. pip's own reader of markers is used: there is pip, or there is no build."""
    try:
        from pip._vendor.packaging.markers import InvalidMarker, Marker  # noqa: PLC0415 (only if there are markers)
    except ImportError:
        raise BuildError("pip is missing, or has no reader of markers; install pip 20.3 or newer") from None
    environment = {
        "python_version": target.python_version,
        # The patch version is not known before the function runs, and no marker may depend on it.
        "python_full_version": f"{target.python_version}.0",
        "implementation_name": "cpython",
        "implementation_version": f"{target.python_version}.0",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": target.machine,
        "platform_release": "",
        "platform_version": "",
        "extra": "",
    }
    try:
        return bool(Marker(marker).evaluate(environment))
    except InvalidMarker as error:
        raise BuildError(f"the requirements have a marker that cannot be read: {marker} ({error})") from None


def _explanation(output: str, target: Target) -> str:
    """Return an error message for what pip wrote before it failed."""
    if _MISSING.search(output):
        return f"{sys.executable} has no pip; install it (`python3 -m ensurepip`, or your system's package python3-pip)"
    return f"{_cause(output, target)}\n\npip said:\n{_errors_in(output)}"


def _cause(output: str, target: Target) -> str:
    if _WRONG_HASH.search(output):
        return (
            "a package is not the one that requirements.txt pins: its hash differs. Do not go on before you know why: "
            "ask the operators of the package index you use"
        )
    not_found = _NOT_FOUND.search(output)
    if _NO_INDEX.search(output):
        return "pip got no answer from a package index; check the network, the proxy, and `python3 -m pip config list`"
    if not_found:
        return (
            f"no wheel of {not_found[1]} for {target} (glibc {target.glibc}) is on the package index; choose another "
            "runtime or architecture, or an index that has it (`python3 -m pip config list` shows yours)"
        )
    return "pip could not fetch the packages that requirements.txt pins"


def _errors_in(output: str) -> str:
    """Return the errors that pip named, and the last thing it said of the network."""
    lines = output.partition(_TRACEBACK)[0].splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith("ERROR")), 0)
    shown = [line for line in lines[:start] if _NO_INDEX.search(line)][-1:] + lines[start:]
    return "\n".join(f"  {line}" for line in shown[-_LINES_SHOWN:] if line.strip())
