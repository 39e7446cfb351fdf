"""Run and check many histories one after the other, and sum up the results."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulation.checker import CheckResult, check_history
from simulation.environment import Environment
from simulation.histories import History, history_of
from simulation.recorder import Recorder

_COMPARED_AFTER = 25  # histories


@dataclass
class Report:
    """The results of a number of histories."""

    histories: int = 0
    invocations: int = 0
    alerts: int = 0
    messages: int = 0
    dead: int = 0
    lost: int = 0
    without_cause: int = 0
    broken: int = 0
    repeated: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failing: dict[int, list[str]] = field(default_factory=dict)  # problems by seed

    @property
    def problems(self) -> int:
        """How many problems there are."""
        return self.lost + self.without_cause + self.broken

    def take(self, history: History, recorder: Recorder, result: CheckResult) -> None:
        """Count one more history."""
        self.histories += 1
        self.invocations += len(recorder.invocations)
        self.alerts += result.alerts
        self.messages += result.deliveries
        self.dead += result.dead
        self.lost += len(result.lost)
        self.without_cause += len(result.repeated_without_cause)
        self.broken += len(result.broken)
        self.repeated += result.repeated
        self.faults += recorder.seen
        if result.problems:
            self.failing[history.seed] = result.problems

    def add(self, other: "Report") -> None:
        """Add the results of other histories."""
        for name in ("histories", "invocations", "alerts", "messages", "dead", "lost", "without_cause", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.repeated += other.repeated
        self.faults += other.faults
        self.failing |= other.failing

    def __str__(self) -> str:
        repeated = ", ".join(f"{count:,} because {cause}" for cause, count in self.repeated.most_common())
        head = f"histories {self.histories:,}, invocations {self.invocations:,}, alerts {self.alerts:,}"
        sent = f"messages {self.messages:,}, notifications in the dead-letter queue {self.dead:,}"
        faults = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.faults.items()))
        again = f"delivered again {sum(self.repeated.values()):,}" + (f": {repeated}" if repeated else "")
        wrong = f"lost {self.lost:,}, delivered again without a cause {self.without_cause:,}"
        summed = f"{wrong}, other promises broken {self.broken:,}"
        return "\n".join([f"{head}, {sent}", f"faults: {faults}", again, summed])


def run_all(environment: Environment, seeds: Iterable[int]) -> Report:
    """Run and check the histories of these seeds."""
    report = Report()
    published: Counter[str] = Counter()
    seed = 0
    for seed in seeds:
        history = history_of(seed)
        recorder = environment.run(history)
        report.take(history, recorder, check_history(history, recorder))
        published.update(
            event_id.partition("~")[0]
            for delivery in recorder.deliveries
            if delivery.kind == "sns"
            for event_id in delivery.event_ids
        )
        if report.histories % _COMPARED_AFTER == 0:
            _check_received(environment, published, report, seed)
    if published:
        _check_received(environment, published, report, seed)
    return report


def _check_received(environment: Environment, published: Counter[str], report: Report, seed: int) -> None:
    """Check that subscribers received what SNS accepted."""
    received = Counter(environment.received())
    if received != published:
        report.broken += 1
        report.failing.setdefault(seed, []).append("what subscribers of the topics received is not what SNS accepted")
    published.clear()
