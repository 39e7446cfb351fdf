"""A library of realistic CloudTrail records, all invented, to test rules with."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def names() -> tuple[str, ...]:
    """Return the names of all samples, in order."""
    found = (each.name for each in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


def about(name: str) -> str:
    """Return a sentence about a sample.

    Raises:
        KeyError: there is no such sample.
    """
    return str(_read(name)["about"])


def load(name: str) -> dict[str, Any]:
    """Return a new copy of a sample's record.

    Raises:
        KeyError: there is no such sample.
    """
    record = _read(name)["event"]
    return dict(record)


def _read(name: str) -> dict[str, Any]:
    if name not in names():
        raise KeyError(name)
    content: dict[str, Any] = json.loads(_text(name))
    return content


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.json").read_text("utf-8")
