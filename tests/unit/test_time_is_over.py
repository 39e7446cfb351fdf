"""What is under way when the time is over."""

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.scheduler import Scheduler
from cloudtrail_to_slack.errors import DeadlineExceededError
from cloudtrail_to_slack.retry import Steps


class _Stubborn:
    """A delivery that goes on when there is no time for what it waits for, and then waits for something else."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def run(self) -> Steps[None]:
        """Wait twice."""
        try:
            yield 1.0
        except DeadlineExceededError:
            yield 1.0

    def fail(self, code: str) -> None:
        """Remember why."""
        self.codes.append(code)


def test_what_waits_once_more_when_the_time_is_over_is_abandoned() -> None:
    """A delivery that is not at its end when there is no time left is known not to have been made."""
    scheduler = Scheduler(Clock(lambda: 0.0))
    delivery = _Stubborn()
    scheduler.add("queue", 0, delivery)
    scheduler.run()
    assert delivery.codes == ["out_of_time"]
