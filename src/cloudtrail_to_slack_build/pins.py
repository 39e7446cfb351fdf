"""What requirements.txt pins for a target.

pip judges the markers of a requirements file (`; python_version < "3.13"`) by the Python that runs it, whatever
`--python-version` says. So they are evaluated here, for the target, and pip gets a file without any.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloudtrail_to_slack_build.errors import BuildError

if TYPE_CHECKING:
    from cloudtrail_to_slack_build.targets import Target

_CONTINUED = re.compile(r"\\\n")
_COMMENT = re.compile(r"(^|\s)#.*")
_WITH_MARKER = re.compile(r"(?P<pin>[^;]+?)\s*;\s*(?P<marker>.+?)(?P<hashes>(\s+--hash=\S+)*)\s*")


def pins_for(requirements: str, target: Target) -> str:
    """Return the requirements that apply to the target, one on a line, without markers and comments.

    Raises:
        BuildError: a marker cannot be read.
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
