"""The report of an invocation: its counts and failures. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.rules import IgnoreRule


class Failure(NamedTuple):
    """Something that failed, and the messages it came from."""

    message_ids: MessageIds
    problem: str


@dataclass(slots=True)
class Report:
    """What an invocation did. `counts` have the names of the closing log line."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    denied: int = 0
    denied_ignored: int = 0
    ignored_by: Counter[IgnoreRule] = field(default_factory=Counter)

    def fail(self, message_ids: MessageIds, problems: Iterable[object]) -> None:
        """Record what failed."""
        self.failures.extend(Failure(message_ids, str(problem)) for problem in problems)
