"""The seam between the code under test and the network, where faults are injected into requests.

All clients (botocore, requests, slack_sdk) end up in `http.client`. There a request takes virtual time, hangs, or is
the last thing its process does. The answers of a faulty service come from botocore's `before-send`, and from the Slack
fake.
"""

import http.client
import json
import re
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import boto3
import botocore.endpoint
import botocore.retries.quota
import botocore.useragent
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

import cloudtrail_to_slack
from cloudtrail_to_slack import clock as clock_module
from cloudtrail_to_slack.delivery import dispatcher
from cloudtrail_to_slack.evaluation import file_evaluation as log_file_evaluation
from cloudtrail_to_slack.evaluation import records as record_evaluation
from cloudtrail_to_slack.ingest.read_ahead import THREAD_NAME, _Fetch
from cloudtrail_to_slack.rules import RuleSet, engine
from simulation.fault_injection import (
    COMPLETIONS,
    HANGS,
    HANGS_AFTER,
    HANGS_WITHIN,
    SLOW,
    SLOWLY_BUSY,
    answered_in_place,
    aws_answer,
)
from simulation.message_parser import ids_in_body
from simulation.recorder import Invocation, Request
from simulation.runner import Runner
from simulation.virtual_clock import Interrupted, Killed, Task

_HANG_SECONDS = 10.0  # where the caller does not say how long it waits
_PACKAGE = Path(cloudtrail_to_slack.__file__).parent


def files_of(place: Path) -> list[Path]:
    """Return a module's file, or those of all modules of a package.

    Raises:
        FileNotFoundError: there is neither.
    """
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.is_file() else []
    if not files:
        raise FileNotFoundError(place)
    return files


# Where a line may be the last one that a process runs. A name that is no longer there is an error.
_TRACED_NAMES = (
    "clock.py", "retry.py", "pipeline.py", "app.py", "handler.py", "delivery", "destinations", "state",
    "log_sources/recorder.py", "log_sources/table.py",
)  # fmt: skip
_TRACED = {str(file) for name in _TRACED_NAMES for file in files_of(_PACKAGE / name)}


class NetworkInterceptor:
    """Intercept requests for `runner`; without one pass them on unchanged."""

    def __init__(self) -> None:
        self.runner: Runner | None = None
        self._tasks: dict[_Fetch, Task] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Patch the code under test, its clock and its HTTP connections."""
        clock = types.SimpleNamespace(time=self._time, sleep=self._sleep)
        connection = http.client.HTTPConnection
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION
        events: Any = boto3.DEFAULT_SESSION.events  # its stubs know no handler that answers
        events.register("before-send", self._before_send)
        events.register("response-received.dynamodb", self._received)
        with ExitStack() as patches:
            for target, name, replacement in (
                (clock_module, "time", clock),
                (botocore.endpoint, "time", clock),
                (clock_module, "interrupt_after", self._interrupt_after),
                (log_file_evaluation, "interrupt_after", self._interrupt_after),
                (engine, "perf_counter", self._time),
                (record_evaluation, "perf_counter", self._time),
                (RuleSet, "evaluate", self._evaluate(RuleSet.evaluate)),
                (dispatcher, "_MOST_LOGGED", sys.maxsize),  # the checker asks for each by its name
                (connection, "putrequest", self._put_request(connection.putrequest)),
                (connection, "getresponse", self._get_response(connection.getresponse)),
                (sys, "unraisablehook", self._unraisable),
                # Functions, because what is bound to an object is not a method of the class.
                (_Fetch, "start", lambda fetch: self._start(fetch)),  # noqa: PLW0108
                (_Fetch, "is_alive", lambda fetch: not self._tasks[fetch].ended),
                (_Fetch, "join", lambda fetch, seconds: self._join(fetch, seconds)),  # noqa: PLW0108
                # It would carry over from one history to the next.
                (botocore.retries.quota.RetryQuota, "acquire", lambda _quota, _amount: True),
                # It is never read, and building it is a tenth of all the time a history takes.
                (botocore.useragent.UserAgentString, "to_string", lambda _: "histories"),
            ):
                patches.enter_context(mock.patch.object(target, name, replacement))
            yield

    def _time(self) -> float:
        return self.runner.clock.now if self.runner else 0.0

    @contextmanager
    def _interrupt_after(self, seconds: float) -> Iterator[None]:
        """Limit a call by the virtual clock, as the function limits it by a signal: in its main thread."""
        runner = self.runner
        task = runner.clock.current if runner else None
        invocation = runner.invocation if runner else None
        if not runner or not task or not invocation or task is not invocation.task or task.interrupt_at is not None:
            yield
            return
        task.interrupt_at = runner.clock.now + seconds
        try:
            yield
        except Interrupted:
            runner.recorder.seen["interrupted calls"] += 1
            raise TimeoutError from None
        finally:
            task.interrupt_at = None

    def _start(self, fetch: _Fetch) -> None:
        """Let a thread that the function starts be a task on the history's clock."""
        assert self.runner
        assert fetch.daemon  # it must not keep the process from ending
        self._tasks[fetch] = self.runner.start_thread(fetch.run)

    def _join(self, fetch: _Fetch, seconds: float) -> None:
        assert self.runner
        self.runner.clock.join(self._tasks[fetch], seconds)

    def _sleep(self, seconds: float) -> None:
        assert self.runner
        self.runner.clock.sleep(seconds)

    def _unraisable(self, unraisable: Any) -> None:
        """Kill the invocation at its next request, where `Killed` was raised in an object's finalizer."""
        invocation = self.runner.invocation if self.runner else None
        if not invocation or not isinstance(unraisable.exc_value, Killed):
            sys.__unraisablehook__(unraisable)
            return
        invocation.dies, invocation.fuse, invocation.lines = False, 1, 0

    def _before_send(self, request: AWSPreparedRequest, event_name: str, **_others: Any) -> AWSResponse | None:
        runner = self.runner
        invocation = runner.invocation if runner else None
        if runner is None or invocation is None:
            return None
        _, service, operation = event_name.split(".")
        runner.request = asked = _read(service, operation, request.body)
        asked.kind = runner.meet(service, COMPLETIONS if asked.completes else operation, asked.place)
        if not asked.kind and runner.rejects(asked):
            asked.kind = "InvalidParameter"
        if not asked.kind or not answered_in_place(service, asked.kind):
            return None
        step(runner)
        if asked.kind == SLOWLY_BUSY:
            self._sleep(runner.chance.uniform(1, 9))
        runner.answered(asked, 0)
        return aws_answer(service, asked.kind, str(request.url))

    def _received(self, parsed_response: Any, **_: Any) -> None:
        runner = self.runner
        invocation = runner.invocation if runner else None
        if not runner or not invocation or not runner.request or not parsed_response:
            return
        keys = runner.request.keys
        reasons = parsed_response.get("CancellationReasons") or [parsed_response] * (len(keys) == 1)
        for key, reason in zip(keys, reasons, strict=False):
            if "Item" in reason and "completed" not in reason["Item"]:
                invocation.busy.add(key)

    def _hang(self, runner: Runner, request: Request, connection: http.client.HTTPConnection) -> None:
        """Give no answer until the caller gives up.

        Raises:
            TimeoutError: it does.
        """
        if request.kind == HANGS:
            runner.answered(request, 0)
        timeout = connection.timeout
        self._sleep(timeout if isinstance(timeout, int | float) else _HANG_SECONDS)
        raise TimeoutError("timed out")

    def _evaluate(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Let rules take as long for an event as it says."""

        def evaluate(rules: RuleSet, event: Any, *arguments: Any, **options: Any) -> Any:
            seconds = event.get("requestParameters.seconds")
            if seconds and self.runner:
                self._sleep(seconds)
            return real(rules, event, *arguments, **options)

        return evaluate

    def _put_request(self, real: Callable[..., None]) -> Callable[..., None]:
        def put_request(connection: http.client.HTTPConnection, *arguments: Any, **options: Any) -> None:
            runner = self.runner
            invocation = runner.invocation if runner else None
            assert threading.current_thread().name != THREAD_NAME, "a real thread reads ahead"
            if runner and invocation:
                if connection.port == runner.slack_port:
                    runner.request = Request("slack", "post")
                request = runner.request
                try:
                    step(runner)
                    if request and request.kind == SLOW:
                        self._sleep(runner.chance.uniform(1, 9))
                except Interrupted:
                    if request:
                        runner.answered(request, 0)
                    raise
                if request and request.kind == HANGS:
                    self._hang(runner, request, connection)
            real(connection, *arguments, **options)

        return put_request

    def _get_response(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def get_response(connection: http.client.HTTPConnection) -> Any:
            runner = self.runner
            request = runner.request if runner else None
            if not runner or not request:
                return real(connection)
            try:
                response = real(connection)
            except OSError:
                if request.kind in (HANGS, HANGS_AFTER):
                    self._hang(runner, request, connection)
                raise
            answered = runner.answered(request, response.status)
            try:
                step(runner)
                if request.service == "slack" and request.kind == SLOW:
                    self._sleep(runner.chance.uniform(1, 9))
                if request.kind == HANGS_AFTER:
                    self._hang(runner, request, connection)
            except BaseException as error:
                response.close()
                connection.close()
                for each in answered if isinstance(error, Interrupted) else ():
                    each.lost = True
                raise
            if request.kind == HANGS_WITHIN:
                response.read = response.read1 = lambda *_: self._hang(runner, request, connection)
            return response

        return get_response


def step(runner: Runner) -> None:
    """Let a request take its time; it may be the last step of its process."""
    runner.clock.sleep(runner.chance.uniform(0.002, 0.08))
    invocation = runner.invocation
    if not invocation or invocation.fuse is None or invocation.task.ended:
        return
    invocation.fuse -= 1
    if invocation.fuse > 0:
        return
    invocation.fuse = None
    if not invocation.lines or runner.clock.current is not invocation.task:
        invocation.dies = True
        runner.kill(invocation)
        raise Killed("killed at a request")
    _kill_after(invocation)


def _kill_after(invocation: Invocation) -> None:
    """Kill the invocation after so many more lines of the code that delivers."""
    left = invocation.lines

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in _TRACED:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                sys.settrace(None)
                invocation.dies = True
                raise Killed("killed between two lines")
        return trace

    frame: FrameType | None = sys._getframe()  # noqa: SLF001 (the way there is to trace what runs already)
    while frame:
        if frame.f_code.co_filename in _TRACED:
            frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)


def _read(service: str, operation: str, body: Any) -> Request:
    """Read from a request to AWS what the checker must know of it."""
    if service == "sns":
        form = parse_qs(body if isinstance(body, str) else body.decode())
        text = form["Message"][0]
        event_ids = ids_in_body(json.loads(text).get("event_id"), text)
        return Request(service, operation, event_ids=event_ids, place=form["TopicArn"][0], text=text)
    if service != "dynamodb" or not re.search(rb'"Put|"Item"|"notice#', body):
        return Request(service, operation, counts=service == "dynamodb" and b'"threshold#' in body)
    asked = json.loads(body)
    if "Key" in asked:
        return Request(service, operation, keys=(asked["Key"]["pk"]["S"],))
    puts = [item["Put"] for item in asked["TransactItems"]] if "TransactItems" in asked else [asked]
    items = [put["Item"] for put in puts]
    completes = tuple(item["pk"]["S"] for item in items if "completed" in item)
    return Request(service, operation, keys=tuple(item["pk"]["S"] for item in items), completes=completes)
