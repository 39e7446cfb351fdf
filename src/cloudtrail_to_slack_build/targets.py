"""The target of a build: one of Lambda's Python runtimes, on one of its architectures."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RUNTIME = re.compile(r"python3\.([1-9][0-9])")
_OLDEST = 11
# Wheels name processors as Linux does. PEP 600 has no manylinux tag below 2.5 for x86_64, and 2.17 for aarch64.
_MACHINES = {"arm64": ("aarch64", 17), "x86_64": ("x86_64", 5)}
# glibc by runtime: python3.11 runs on Amazon Linux 2, all later ones on Amazon Linux 2023.
# Source: AWS Lambda Developer Guide, "Building Lambda functions with Python"; the release notes of Amazon Linux.
_GLIBC_OF_AMAZON_LINUX_2 = 26
_GLIBC_OF_AMAZON_LINUX_2023 = 34


class BuildError(Exception):
    """The build cannot be done; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Target:
    """A runtime and an architecture."""

    runtime: str
    architecture: str

    @property
    def python_version(self) -> str:
        """The version of Python, such as "3.13"."""
        return self.runtime[len("python") :]

    @property
    def machine(self) -> str:
        """The processor as Linux names it."""
        return _MACHINES[self.architecture][0]

    @property
    def glibc(self) -> str:
        """The version of the C library that compiled packages meet."""
        return f"2.{self._glibc_minor}"

    @property
    def platforms(self) -> list[str]:
        """The platform tags that fit, best first: pip takes those it is given and derives no others from them."""
        machine, lowest = _MACHINES[self.architecture]
        return [f"manylinux_2_{minor}_{machine}" for minor in range(self._glibc_minor, lowest - 1, -1)] + [
            f"manylinux2014_{machine}"
        ]

    def __str__(self) -> str:
        return f"{self.runtime} on {self.architecture}"

    @property
    def _glibc_minor(self) -> int:
        return _GLIBC_OF_AMAZON_LINUX_2 if self.runtime == "python3.11" else _GLIBC_OF_AMAZON_LINUX_2023


def read_target(runtime: str, architecture: str) -> Target:
    """Return the target of these names.

    Raises:
        BuildError: the runtime is none that the function can run on, or there is no such architecture.
    """
    version = _RUNTIME.fullmatch(runtime)
    if not version or int(version[1]) < _OLDEST:
        raise BuildError(f"the runtime must be python3.{_OLDEST} or newer, not {runtime!r}")
    if architecture not in _MACHINES:
        raise BuildError(f"the architecture must be one of {', '.join(sorted(_MACHINES))}, not {architecture!r}")
    return Target(runtime, architecture)
