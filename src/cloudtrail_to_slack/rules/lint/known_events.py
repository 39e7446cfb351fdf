"""The event names that CloudTrail may record, according to AWS's API models. Pure, except for reading its own lists.

- `known_events.txt`: the operations of all APIs; `python -m cloudtrail_to_slack_dev.event_names` writes it.
- `events_of_no_api.txt`: sign-in, what services do by themselves, and names that differ from the API's.
- `permissions.txt`: permissions that no event is named after, and what to look for instead.
- `events_with_dates.txt`: operations of Lambda alone that CloudTrail shows with the date of the API. Source: AWS Lambda
  Developer Guide, "Logging AWS Lambda API calls using AWS CloudTrail".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from cloudtrail_to_slack.rules.expressions.refusals import close_to

# Lambda and CloudFront add the date of their API: UpdateFunctionCode20150331v2, CreateDistribution2020_05_31.
_API_DATE = re.compile(r"(?:\d{8}(?:v\d+)?|\d{4}_\d\d_\d\d)$", re.ASCII)
_NEAR = 3  # how many characters a misspelled name may be longer or shorter than the right one


def unknown_event_reason(name: str) -> str | None:
    """Return why there is probably no event called `name`; None: there may be one."""
    advice = _listed("permissions").get(name)
    if advice:
        return f"never appears in CloudTrail: {advice}"
    if is_known(name):
        return None
    near = [known for known in (*_listed("events_of_no_api"), *_listed("known_events")) if _is_near(known, name)]
    close = close_to(name, near, cutoff=0.8)
    return "is not an event of any known AWS service" + (f"; did you mean {close}?" if close else "")


def dated_name(name: str) -> str | None:
    """Return the name with an API date under which CloudTrail shows an operation; None: it has no date."""
    date = _listed("events_with_dates").get(name)
    return f"{name}{date}" if date else None


def is_known(name: str) -> bool:
    """Whether an event of this name is known."""
    return name in _listed("events_of_no_api") or _API_DATE.sub("", name) in _listed("known_events")


def spellings(name: str) -> tuple[str, ...]:
    """Return the known events whose names differ from `name` in letter case at most."""
    return _spellings().get(name.lower(), ())


@functools.cache
def _spellings() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in (*_listed("events_of_no_api"), *_listed("known_events")):
        found[name.lower()] = (*found.get(name.lower(), ()), name)
    return found


@functools.cache
def _listed(file: str) -> dict[str, str]:
    """Return the names in a list, with the text after each."""
    lines = Path(__file__).with_name(f"{file}.txt").read_text("ascii").splitlines()
    return {name: said for name, _, said in (line.partition(": ") for line in lines)}


def _is_near(known: str, name: str) -> bool:
    return known[:1].lower() == name[:1].lower() and abs(len(known) - len(name)) <= _NEAR
