"""What a CloudTrail Insight says."""

from typing import Any

import pytest
from hypothesis import example, given, settings

from cloudtrail_to_slack.events.insight import Attribution, Insight, read_insight
from support.strategies import insight_details, json_values

DETAILS: dict[str, Any] = {
    "state": "Start",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "DeleteVpc",
    "insightType": "ApiCallRateInsight",
    "insightContext": {
        "statistics": {"baseline": {"average": 0.0021}, "insight": {"average": 14}, "insightDuration": 6},
    },
}


def test_call_rate() -> None:
    """An Insight on calls shows which call, its usual rate, its rate now and how long it lasts."""
    assert read_insight(DETAILS) == Insight(
        state="Start",
        event_name="DeleteVpc",
        event_source="ec2.amazonaws.com",
        error_code="",
        is_error_rate=False,
        baseline=0.0021,
        rate=14.0,
        minutes=6.0,
    )


def test_error_rate() -> None:
    """An Insight on errors shows which error."""
    insight = read_insight({**DETAILS, "insightType": "ApiErrorRateInsight", "errorCode": "AccessDenied"})
    assert insight is not None
    assert insight.is_error_rate
    assert insight.error_code == "AccessDenied"


@pytest.mark.parametrize("details", [None, {}, "x", [], [DETAILS], 5])
def test_no_insight(details: object) -> None:
    """What is not an object or empty is not an Insight."""
    assert read_insight(details) is None


@pytest.mark.parametrize(
    "context",
    [None, "x", {"statistics": None}, {"statistics": {"baseline": None, "insight": 5, "insightDuration": "long"}}],
)
def test_without_statistics(context: object) -> None:
    """An Insight without readable statistics is an Insight without numbers."""
    insight = read_insight({**DETAILS, "insightContext": context})
    assert insight is not None
    assert (insight.baseline, insight.rate, insight.minutes) == (None, None, None)


def test_attributions() -> None:
    """An Insight shows the most frequent value of each thing its calls have in common."""
    attributions = [
        {"attribute": "userIdentityArn", "insight": [{"value": " arn:a "}, {"value": "arn:b"}]},
        {"attribute": 5, "insight": [{"value": None}]},
        {"attribute": "userAgent", "insight": []},
        {"attribute": "userAgent", "insight": "x"},
        None,
    ]
    insight = read_insight({"insightContext": {"attributions": attributions}})
    assert insight is not None
    assert insight.attributions == (Attribution("userIdentityArn", "arn:a"), Attribution("", ""))


def test_booleans_are_no_numbers() -> None:
    """True is not a rate of one a minute."""
    insight = read_insight({"insightContext": {"statistics": {"insight": {"average": True}}}})
    assert insight is not None
    assert insight.rate is None


@settings(deadline=None, max_examples=100)
@given(details=insight_details())
@example(details={"insightContext": {"statistics": {"insightDuration": 10**400}}})
def test_any_details(details: object) -> None:
    """No details raise, however large their numbers."""
    insight = read_insight(details)
    assert insight is None or isinstance(insight.state + insight.event_name + insight.event_source, str)


@settings(deadline=None, max_examples=100)
@given(details=json_values())
def test_any_json_as_details(details: object) -> None:
    """Any JSON in the details' place is read: an Insight when it is an object with something in it, else none."""
    assert (read_insight(details) is not None) is (isinstance(details, dict) and bool(details))
