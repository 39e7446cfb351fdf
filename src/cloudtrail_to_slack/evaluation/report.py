"""The report of an invocation: its counts and failures. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.rules import IgnoreRule


class Failure(NamedTuple):
    """Something that could not be done, and the messages that asked for it."""

    message_ids: MessageIds
    problem: str


@dataclass(slots=True)
class Report:
    """What an invocation did. `counts` are named as the closing log line names them."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    denied: int = 0
    denied_ignored: int = 0
    ignored_by: Counter[IgnoreRule] = field(default_factory=Counter)

    def fail(self, message_ids: MessageIds, problems: Iterable[object]) -> None:
        """Record what could not be done."""
        self.failures.extend(Failure(message_ids, str(problem)) for problem in problems)
