"""The errors this package raises on purpose."""

import pytest

from cloudtrail_to_slack import errors
from cloudtrail_to_slack.errors import (
    ConfigurationError,
    ConfigurationIssue,
    DeliveryError,
    DestinationMisconfiguredError,
    InvocationFailedError,
    PayloadRejectedError,
    TransientError,
)

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_tree(kind: type[Exception]) -> None:
    """Every error is drawn in the module's tree and descends from one base."""
    assert issubclass(kind, errors.CloudTrailToSlackError)
    assert kind.__name__ in str(errors.__doc__)


def test_configuration_error_names_every_fault() -> None:
    """A configuration error shows each fault on a line of its own."""
    error = ConfigurationError([ConfigurationIssue("a", "is odd"), ConfigurationIssue("b[0]", "is odd too")])
    assert str(error) == "The configuration has 2 issues:\n  a: is odd\n  b[0]: is odd too"
    assert str(ConfigurationError([ConfigurationIssue("a", "is odd")])) == "The configuration has 1 issue:\n  a: is odd"
    assert error.issues == (ConfigurationIssue("a", "is odd"), ConfigurationIssue("b[0]", "is odd too"))


@pytest.mark.parametrize("kind", [PayloadRejectedError, DestinationMisconfiguredError, TransientError])
def test_delivery_errors_name_the_code(kind: type[DeliveryError]) -> None:
    """A delivery error is its destination's code."""
    assert (kind("is_archived").code, str(kind("is_archived"))) == ("is_archived", "is_archived")


def test_transient_error_says_when_to_come_back() -> None:
    """A transient error knows how long to wait, or that the service did not say so."""
    assert (TransientError("ratelimited", 30).retry_after, TransientError("timeout").retry_after) == (30, None)


@pytest.mark.parametrize("count", [1, 20])
def test_invocation_failed(count: int) -> None:
    """A failed invocation lists what failed."""
    problems = [f"problem {number}" for number in range(count)]
    assert str(InvocationFailedError(problems)).splitlines() == [
        f"{count} failed:",
        *(f"  {problem}" for problem in problems),
    ]


def test_invocation_failed_in_many_ways() -> None:
    """Of many problems the first twenty are listed and the rest counted, none is forgotten."""
    error = InvocationFailedError([f"problem {number}" for number in range(1000)])
    assert len(str(error).splitlines()) == 22
    assert str(error).endswith("  … and 980 more")
    assert len(error.problems) == 1000
