"""Many histories, played and judged one after the other, and what they come to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulation.diary import Diary
from simulation.histories import History, history_of
from simulation.judge import Verdict, judge
from simulation.stage import Stage

_HEARD_AFTER = 25  # histories


@dataclass
class Totals:
    """What a number of histories come to."""

    histories: int = 0
    invocations: int = 0
    alerts: int = 0
    messages: int = 0
    dead: int = 0
    lost: int = 0
    without_cause: int = 0
    broken: int = 0
    repeated: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    failing: dict[int, list[str]] = field(default_factory=dict)  # problems by seed

    @property
    def problems(self) -> int:
        """How much there is that must not be."""
        return self.lost + self.without_cause + self.broken

    def take(self, history: History, diary: Diary, verdict: Verdict) -> None:
        """Count one more history."""
        self.histories += 1
        self.invocations += len(diary.invocations)
        self.alerts += verdict.alerts
        self.messages += verdict.tellings
        self.dead += verdict.dead
        self.lost += len(verdict.lost)
        self.without_cause += len(verdict.repeated_without_cause)
        self.broken += len(verdict.broken)
        self.repeated += verdict.repeated
        self.troubles += diary.seen
        if verdict.problems:
            self.failing[history.seed] = verdict.problems

    def add(self, other: "Totals") -> None:
        """Add what other histories come to."""
        for name in ("histories", "invocations", "alerts", "messages", "dead", "lost", "without_cause", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.repeated += other.repeated
        self.troubles += other.troubles
        self.failing |= other.failing

    def __str__(self) -> str:
        repeated = ", ".join(f"{count:,} because {cause}" for cause, count in self.repeated.most_common())
        head = f"histories {self.histories:,}, invocations {self.invocations:,}, alerts {self.alerts:,}"
        sent = f"messages {self.messages:,}, notifications in the dead-letter queue {self.dead:,}"
        faults = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.troubles.items()))
        again = f"told again {sum(self.repeated.values()):,}" + (f": {repeated}" if repeated else "")
        wrong = f"lost {self.lost:,}, told again without a cause {self.without_cause:,}"
        summed = f"{wrong}, other promises broken {self.broken:,}"
        return "\n".join([f"{head}, {sent}", f"faults: {faults}", again, summed])


def play_all(stage: Stage, seeds: Iterable[int]) -> Totals:
    """Play and judge the histories of these seeds."""
    totals = Totals()
    published: Counter[str] = Counter()
    seed = 0
    for seed in seeds:
        history = history_of(seed)
        diary = stage.play(history)
        totals.take(history, diary, judge(history, diary))
        published.update(
            event_id.partition("~")[0]
            for telling in diary.tellings
            if telling.kind == "sns"
            for event_id in telling.event_ids
        )
        if totals.histories % _HEARD_AFTER == 0:
            _check_heard(stage, published, totals, seed)
    if published:
        _check_heard(stage, published, totals, seed)
    return totals


def _check_heard(stage: Stage, published: Counter[str], totals: Totals, seed: int) -> None:
    """What SNS took is what its subscribers heard."""
    heard = Counter(stage.heard())
    if heard != published:
        totals.broken += 1
        totals.failing.setdefault(seed, []).append("what subscribers of the topics heard is not what SNS took")
    published.clear()
