"""What a CloudTrail Insight says: an unusual rate of calls or of errors. Pure.

Source: AWS CloudTrail User Guide, "CloudTrail record contents for Insights events for trails".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Insight:
    """An Insight's start or end. Rates are per minute, `minutes` is how long it went on; None where not told."""

    state: str
    event_name: str
    event_source: str
    error_code: str
    is_error_rate: bool
    baseline: float | None
    rate: float | None
    minutes: float | None


def read_insight(details: object) -> Insight | None:
    """Read a record's `insightDetails`; None when it has none."""
    if not isinstance(details, Mapping) or not details:
        return None
    statistics = _mapping(_mapping(details.get("insightContext")).get("statistics"))
    insight_type = _text(details.get("insightType"))
    return Insight(
        state=_text(details.get("state")),
        event_name=_text(details.get("eventName")),
        event_source=_text(details.get("eventSource")),
        error_code=_text(details.get("errorCode")),
        is_error_rate=insight_type == "ApiErrorRateInsight",
        baseline=_number(_mapping(statistics.get("baseline")).get("average")),
        rate=_number(_mapping(statistics.get("insight")).get("average")),
        minutes=_number(statistics.get("insightDuration")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
