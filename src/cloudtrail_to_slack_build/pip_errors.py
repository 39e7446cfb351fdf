"""What pip's refusal means, and what to do about it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudtrail_to_slack_build.targets import Target

_LINES_SHOWN = 12
_TRACEBACK = "\nException information:\n"  # pip's own
_MISSING = re.compile(r"No module named '?pip\b")
_WRONG_HASH = re.compile(r"DO NOT MATCH THE HASHES")
_NO_INDEX = re.compile(
    r"Retrying \(Retry|Could not fetch URL .*?: (?:connection error|There was a problem confirming the ssl certificate"
    r"|(?:40[137]|5\d\d) (?:Client|Server) Error)"
)
_NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")


def explain(output: str, target: Target) -> str:
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
