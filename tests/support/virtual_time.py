"""The clock of a test: time passes only when the test says so, and slow rules, a slow S3 and long waits cost none."""

import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from cloudtrail_to_slack import clock as clock_module
from cloudtrail_to_slack.evaluation import records
from cloudtrail_to_slack.rules import RuleSet, engine
from support.app_environment import Context
from support.timers import lift_real_limits

START = 1_773_480_900.0  # 2026-03-14T09:35:00Z
S3_HANGS_SECONDS = 2.0  # how long the client of short turns waits for an answer


class VirtualTime:
    """The clock of a test, in place of the one that the function looks at.

    Evaluating a record takes `requestParameters.seconds` of it, as a slow rule or a small function would. What takes
    time in other threads than the main one takes it beside it, from the beginning of the invocation.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self._began = START
        self._lock = threading.Lock()
        self._monkeypatch = monkeypatch
        self._events: Any = None
        monkeypatch.setattr(clock_module, "time", SimpleNamespace(time=lambda: self.now, sleep=self.passes))
        lift_real_limits(monkeypatch)
        for module in (engine, records):
            monkeypatch.setattr(module, "perf_counter", lambda: self.now)
        evaluate = RuleSet.evaluate

        def slowly(rule_set: RuleSet, event: Mapping[str, Any], *arguments: Any) -> Any:
            evaluation = evaluate(rule_set, event, *arguments)
            self.passes(event.get("requestParameters.seconds", 0.0))
            return evaluation

        monkeypatch.setattr(RuleSet, "evaluate", slowly)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            is_main = threading.current_thread() is threading.main_thread()
            self.now = self.now + seconds if is_main else max(self.now, self._began + seconds)

    def context(self, seconds: float = 30.0) -> Context:
        """Return the context of an invocation that begins now and may take so long."""
        self._began = self.now
        end = self.now + seconds

        class Ending(Context):
            def get_remaining_time_in_millis(context) -> int:  # noqa: N805 (self is the virtual time)
                return int(max(end - self.now, 0.0) * 1000)

        return Ending()

    def before(self, service: str, act: Callable[[str], Any]) -> None:
        """Call `act` with the address of each request to a service, before it is sent; call it before the function."""
        if self._events is None:
            session = boto3.Session()
            self._monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
            self._events = session.events  # its stubs know no handler that answers
        self._events.register(f"before-send.{service}", lambda request, **_: act(str(request.url)))

    def s3_hangs(self, *keys: str) -> None:
        """Let S3 leave requests for these objects without an answer."""

        def hang(url: str) -> None:
            if any(url.endswith(key) for key in keys):
                self.passes(S3_HANGS_SECONDS)
                raise ReadTimeoutError(endpoint_url=url)

        self.before("s3", hang)
