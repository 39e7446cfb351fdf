"""Annotations of the lines of a pull request on GitHub.

Source: GitHub's actions/toolkit, packages/core/src/command.ts (escapeData, escapeProperty).
"""

import sys


def annotation(level: str, message: str, **properties: object) -> None:
    """Print a command that makes GitHub Actions annotate a line; everything is escaped that ends a part of it."""
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    sys.stdout.write(f"::{level} {written}::{_data(message)}\n")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
