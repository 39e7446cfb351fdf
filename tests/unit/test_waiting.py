"""How an invocation waits."""

from itertools import islice

from cloudtrail_to_slack.retry import backoff_delays


def test_it_looks_soon_and_then_less_often() -> None:
    """What another function holds is looked at after a second, and later at most every five: each look is paid for."""
    waits = list(islice(backoff_delays(), 20))
    assert waits[0] == 1.0
    assert waits == sorted(waits)
    assert max(waits) == 5.0
