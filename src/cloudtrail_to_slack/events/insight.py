"""CloudTrail Insights: an unusual rate of calls or of errors. Pure.

Source: AWS CloudTrail User Guide, "CloudTrail record contents for Insights events for trails".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cloudtrail_to_slack.json_fields import mapping, string_at


@dataclass(frozen=True, slots=True)
class Attribution:
    """A value that most of the unusual calls share; `attribute` is `userIdentityArn`, `userAgent` or `errorCode`."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Insight:
    """An Insight's start or end. Rates are per minute, `minutes` is how long it lasted; None: unknown."""

    state: str
    event_name: str
    event_source: str
    error_code: str
    is_error_rate: bool
    baseline: float | None
    rate: float | None
    minutes: float | None
    attributions: tuple[Attribution, ...] = ()


def read_insight(details: object) -> Insight | None:
    """Read a record's `insightDetails`; None: it has none."""
    if not isinstance(details, Mapping) or not details:
        return None
    context = mapping(details.get("insightContext"))
    statistics = mapping(context.get("statistics"))
    listed = context.get("attributions")
    attributions = []
    for attribution in map(mapping, listed if isinstance(listed, list) else []):
        values = attribution.get("insight")
        if isinstance(values, list) and values:  # the first is the most frequent
            attributions.append(Attribution(string_at(attribution, "attribute"), string_at(values[0], "value")))
    return Insight(
        state=string_at(details, "state"),
        event_name=string_at(details, "eventName"),
        event_source=string_at(details, "eventSource"),
        error_code=string_at(details, "errorCode"),
        is_error_rate=string_at(details, "insightType") == "ApiErrorRateInsight",
        baseline=_number(mapping(statistics.get("baseline")).get("average")),
        rate=_number(mapping(statistics.get("insight")).get("average")),
        minutes=_number(statistics.get("insightDuration")),
        attributions=tuple(attributions),
    )


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None
