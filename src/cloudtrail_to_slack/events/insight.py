"""What a CloudTrail Insight says: an unusual rate of calls or of errors. Pure.

Source: AWS CloudTrail User Guide, "CloudTrail record contents for Insights events for trails".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cloudtrail_to_slack.json_fields import mapping, string


@dataclass(frozen=True, slots=True)
class Attribution:
    """What most of the unusual calls have in common: `attribute` is `userIdentityArn`, `userAgent` or `errorCode`."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Insight:
    """An Insight's start or end. Rates are per minute, `minutes` is how long it went on; None where unknown."""

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
    """Read a record's `insightDetails`; None when it has none."""
    if not isinstance(details, Mapping) or not details:
        return None
    context = mapping(details.get("insightContext"))
    statistics = mapping(context.get("statistics"))
    insight_type = _stripped(details.get("insightType"))
    return Insight(
        state=_stripped(details.get("state")),
        event_name=_stripped(details.get("eventName")),
        event_source=_stripped(details.get("eventSource")),
        error_code=_stripped(details.get("errorCode")),
        is_error_rate=insight_type == "ApiErrorRateInsight",
        baseline=_number(mapping(statistics.get("baseline")).get("average")),
        rate=_number(mapping(statistics.get("insight")).get("average")),
        minutes=_number(statistics.get("insightDuration")),
        attributions=tuple(_attributions(context.get("attributions"))),
    )


def _attributions(attributions: object) -> Iterator[Attribution]:
    """Yield the first, most frequent, value of each attribute."""
    for attribution in attributions if isinstance(attributions, list) else []:
        values = mapping(attribution).get("insight")
        if isinstance(values, list) and values:
            yield Attribution(
                _stripped(mapping(attribution).get("attribute")), _stripped(mapping(values[0]).get("value"))
            )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _stripped(value: object) -> str:
    return string(value).strip()
