"""The notices that depend on the logs alone: by the function's own code, at the times of its invocations.

These are errors of rules, calls of the function's own role, and log files that cannot be read. What waits is sent by
the next invocation after its interval, as one that stays warm does.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import asdict

from cloudtrail_to_slack.alerts.notice import Notice, unreadable_notice
from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.delivery.results import Results
from cloudtrail_to_slack.delivery.routing import Router, Target
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds
from cloudtrail_to_slack.notices.self_reports import ReportCache, SelfReports
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import MOST_IDS, RuleErrorReport
from cloudtrail_to_slack_cli.backtest.prediction.rows import FileRow

_MESSAGES: Final[MessageIds] = frozenset({None})
_BUCKET = "trail"  # its name is in the text alone
Sent = tuple[Target, Notice]


@dataclass(slots=True)
class _Delivery:
    """What notices need of a delivery; everything arrives."""

    router: Router
    sent: list[Sent] = field(default_factory=list)
    failures: list[object] = field(default_factory=list)
    results: Results = field(default_factory=Results)

    def notify(self, notices: Iterable[tuple[Notice, MessageIds]]) -> None:
        for notice, _ in notices:
            self.sent += [(target, notice) for target in self.router.notice_targets(notice.account)]

    def notify_at(self, notices: Iterable[tuple[Target, Notice]], _: MessageIds) -> list[bool]:
        before = len(self.sent)
        self.sent += notices
        return [True] * (len(self.sent) - before)

    def unrouted(self, _what: str, _code: str, _message_ids: MessageIds) -> None:
        """Do nothing: the alerts say it too."""


class PredictedNotices:
    """Notices, from one invocation to the next."""

    def __init__(self, config: Config, router: Router) -> None:
        self._config = config
        self._router = router
        self._now = 0.0
        self._cache = ReportCache()
        self._clock = Clock(lambda: math.inf, now=lambda: self._now)
        self._own_roles = OwnRoles(config.own_role_arns)

    def own_calls(self) -> OwnCalls:
        """Return what gathers the calls of the own role of one invocation."""
        return OwnCalls(self._own_roles)

    def send(self, files: Sequence[FileRow], own_calls: OwnCalls, now: float) -> list[Sent]:
        """Return what an invocation that read `files` sends at the time `now`."""
        reports = _reports(files)
        delivery: Any = _Delivery(self._router)  # what `SelfReports` uses of one
        for file in files:
            for reason in file.unreadable:
                log_file = LogFile(_BUCKET, file.place.file)
                delivery.notify([(unreadable_notice(log_file, reason, read_key(log_file.key).account), _MESSAGES)])
        if reports or own_calls.by_account or self._cache.due:
            self._now = now
            with _silent():
                SelfReports(self._config, delivery, self._clock, self._cache, None).send(reports, own_calls)
        found: list[Sent] = delivery.sent
        return found


@contextmanager
def _silent() -> Iterator[None]:
    """Let the function's code log nothing: its log is standard output, where the report goes."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reports(files: Sequence[FileRow]) -> list[RuleErrorReport]:
    """Return one report for each rule and cause, in order of first occurrence."""
    found: dict[tuple[str, int | None, str], RuleErrorReport] = {}
    for file in files:
        for error in file.errors:
            key = error.rule_name, error.severity, error.cause
            if key not in found:
                severity = None if error.severity is None else Severity(error.severity)
                values = {**asdict(error), "severity": severity, "message_ids": _MESSAGES}
                found[key] = RuleErrorReport(**values, log_file=LogFile(_BUCKET, file.place.file))
                continue
            report = found[key]
            new = [each for each in error.event_ids if each not in report.event_ids]
            report.events += error.events
            report.event_ids = (*report.event_ids, *new)[:MOST_IDS]
    return list(found.values())
