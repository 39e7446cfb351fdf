"""Run a history: Lambda's part, from each notification to its success or the dead-letter queue."""

import json
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from cloudtrail_to_slack import app, handler
from cloudtrail_to_slack_dev.fake_slack import AcceptedThenDropped, Call, Fault
from simulation.events import MOST_SIZES, START
from simulation.fault_injection import TABLE_IS_GONE, slack_fault
from simulation.histories import History, Notification
from simulation.message_parser import read_message, read_publication
from simulation.recorder import Delivery, Invocation, Notice, Recorder, Request, SlackRequest
from simulation.virtual_clock import Killed, Task, VirtualClock

_RETRIES_AFTER = (60.0, 120.0)  # of an asynchronous invocation
_MOST_RECEIVES = 3
_MOST_MESSAGES = 10
_GUARDED = ("alert#", "notice#")  # keys of the state table's items


@dataclass(eq=False)
class Container:
    """What outlives an invocation, and dies when its process is killed."""

    application: app.Application | None = None


@dataclass(frozen=True)
class _Context:
    """Lambda's context object, as far as the handler looks at it."""

    clock: VirtualClock
    deadline: float
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(max(self.deadline - self.clock.now, 0.0) * 1000)


class Runner:
    """One history while it runs. `invocation` is the one that runs now."""

    def __init__(self, history: History, slack_port: int) -> None:
        self.history = history
        self.slack_port = slack_port
        self.chance = random.Random(history.seed + 1)  # noqa: S311 (histories must be had again)
        self.start = START.timestamp() + 900
        self.clock = VirtualClock(self.start, self.chance)
        self.recorder = Recorder()
        self._containers: list[Container] = []
        self._running: dict[Task, tuple[Invocation, Container]] = {}
        self._requests: dict[Task, Request] = {}
        self._visible: list[tuple[Notification, int]] = []  # in the queue, with how often it was received
        random.seed(history.seed)  # the jitter between retries

    @property
    def invocation(self) -> Invocation | None:
        """The invocation that runs now."""
        task = self.clock.current
        return self._running[task][0] if task else None

    @property
    def container(self) -> Container:
        """Where the running invocation runs."""
        assert self.clock.current
        return self._running[self.clock.current][1]

    @property
    def request(self) -> Request | None:
        """The request that the running thread makes, or made last."""
        return self._requests.get(self.clock.current) if self.clock.current else None

    @request.setter
    def request(self, request: Request) -> None:
        assert self.clock.current
        self._requests[self.clock.current] = request

    def start_thread(self, work: Callable[[], None]) -> Task:
        """Start another thread of the running invocation, which runs as soon as this one waits; return it."""
        invocation = self.invocation
        assert invocation
        task = Task(invocation.number, invocation.task.deadline)
        self._running[task] = (invocation, self.container)
        invocation.threads.append(task)

        def work_until_killed() -> None:
            with suppress(Killed):
                if not task.killed:
                    work()

        self.clock.at(self.clock.now, partial(self.clock.begin, task, work_until_killed))
        return task

    def kill(self, invocation: Invocation) -> None:
        """Let the process of an invocation die, with all its threads."""
        for task in (invocation.task, *invocation.threads):
            task.killed = True

    def run(self) -> None:
        """Run the history to its end."""
        for notification in self.history.notifications:
            come = self._arrive if notification.queued else self._invoke_alone
            self.clock.at(self.start + notification.comes, partial(come, notification, 0))
        self.clock.run()

    def meet(self, service: str, operation: str, place: str | None) -> str | None:
        """Return the kind of fault that a request meets, if any."""
        now = self.clock.now - self.start
        for fault in self.history.faults:
            if fault.concerns(service, operation, place, now) and self.chance.random() < fault.chance:
                self.recorder.seen[f"{service}: {fault.kind}"] += 1
                if self.invocation:
                    self.invocation.faulty_services.add(service)
                return fault.kind
        return None

    def rejects(self, request: Request) -> bool:
        """Whether SNS rejects a request for its content, as it does with the largest sizes of some alerts."""
        invocation, events = self.invocation, self.history.events
        assert invocation
        sizes = [events[event_id].rejected for event_id in request.event_ids if event_id in events]
        rejected = any(invocation.rejections[event_id] < max(sizes) for event_id in request.event_ids if sizes)
        self.recorder.seen["sns: content"] += rejected
        return rejected

    def meet_slack(self, method: str, channel: str | None) -> Fault | None:
        """Return how Slack answers a request, and record the request."""
        invocation = self.invocation
        request = self.request
        assert invocation
        assert request
        kind = self.meet("slack", method, channel)
        fault = slack_fault(kind, self.chance, webhook=method == "webhook") if kind else None
        request.kind = kind
        lost = isinstance(fault, AcceptedThenDropped)
        self.recorder.slack_requests.append(
            SlackRequest(next(self.recorder.orders), self.clock.now, invocation, kind, lost)
        )
        if kind in ("set-up", "unknown", "content") and channel:
            self.recorder.refused.add(channel)
        return fault

    def answered(self, request: Request, status: int) -> list[Delivery | Notice | SlackRequest]:
        """Record what became of a request; `status` 0: it was refused in place. Return what it was recorded as."""
        recorder, invocation = self.recorder, self.invocation
        assert invocation
        done = 200 <= status < 300
        order = next(recorder.orders)
        for key in request.completes:
            if done:
                recorder.completed.setdefault(key, []).append((order, invocation.number))
            if not done or request.kind:
                recorder.not_completed.setdefault(key, set()).add(invocation.number)
        guards = request.operation != "UpdateItem" and any(key.startswith(_GUARDED) for key in request.keys)
        if request.kind in TABLE_IS_GONE and guards:
            invocation.unguarded = True
        if request.kind in TABLE_IS_GONE and request.counts:
            invocation.counts_alone = True
        if request.service == "sns" and request.place and done:
            return read_publication(recorder, request, order, self.clock.now, invocation)
        if request.service == "sns" and request.place:
            self._refused_by_sns(request, request.place, invocation)
        # The last one that Slack saw is this one: other tasks have had no turn since.
        return list(recorder.slack_requests[-1:]) if request.service == "slack" and status else []

    def _refused_by_sns(self, request: Request, place: str, invocation: Invocation) -> None:
        if request.kind in ("NotFound", "AuthorizationError"):
            self.recorder.refused.add(place)
        elif request.kind == "InvalidParameter":
            invocation.rejections.update(request.event_ids)
            if any(invocation.rejections[event_id] == MOST_SIZES for event_id in request.event_ids):
                self.recorder.refused.add(place)

    def read_slack(self, calls: Sequence[Call]) -> None:
        """Record what Slack accepted."""
        recorder, deployment = self.recorder, self.history.deployment
        assert len(calls) == len(recorder.slack_requests)
        for call, slack_request in zip(calls, recorder.slack_requests, strict=True):
            if call.error == "invalid_auth" and deployment.rotates and call.channel:
                recorder.refused.add(call.channel)
                if slack_request.invocation.began < self.start + sum(deployment.rotates):
                    slack_request.invocation.faulty_services.add("slack")
            if call.accepted and call.method != "chat.update" and call.channel:
                read_message(recorder, call, slack_request, deployment.slack)
        recorder.deliveries.sort(key=lambda delivery: delivery.order)
        recorder.notices.sort(key=lambda notice: notice.order)

    def _invoke_alone(self, notification: Notification, attempt: int) -> None:
        """Invoke the function asynchronously, as S3, SNS and EventBridge do."""

        def ended(invocation: Invocation, answer: Any) -> None:
            if invocation.killed is None and invocation.error is None:
                assert answer is not None
                self._end(notification, "done")
            elif attempt < len(_RETRIES_AFTER):
                again = partial(self._invoke_alone, notification, attempt + 1)
                self.clock.at(self.clock.now + _RETRIES_AFTER[attempt], again)
            else:
                self._end(notification, "dead")

        self._invoke(self.history.payload(notification), [notification], ended)

    def _arrive(self, notification: Notification, receives: int) -> None:
        """Put a notification into the queue, which is polled a moment later."""
        self._visible.append((notification, receives))
        self.clock.at(self.clock.now + self.chance.choice((0.0, 0.1, 1.0)), self._poll)

    def _poll(self) -> None:
        """Hand what is in the queue to the function."""
        if not self._visible:
            return
        batch, self._visible = self._visible[:_MOST_MESSAGES], self._visible[_MOST_MESSAGES:]
        visible_again = self.clock.now + self.history.deployment.timeout * self.chance.choice((1, 6))

        def ended(invocation: Invocation, answer: Any) -> None:
            whole = invocation.killed is not None or invocation.error is not None
            back = set() if whole else {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            invocation.handed_back = {int(message_id.removeprefix("m")) for message_id in back}
            for notification, receives in batch:
                if not whole and notification.number not in invocation.handed_back:
                    self._end(notification, "done")
                elif receives + 1 < _MOST_RECEIVES:
                    when = max(visible_again, self.clock.now)
                    self.clock.at(when, partial(self._arrive, notification, receives + 1))
                else:
                    self._end(notification, "dead")

        records = [
            {
                "messageId": f"m{notification.number}",
                "eventSource": "aws:sqs",
                "body": json.dumps(self.history.payload(notification)),
                "attributes": {"SenderId": notification.sender},
            }
            for notification, _ in batch
        ]
        self._invoke({"Records": records}, [notification for notification, _ in batch], ended)

    def _invoke(
        self, payload: Any, notifications: Sequence[Notification], ended: Callable[[Invocation, Any], None]
    ) -> None:
        """Invoke the function in a container that is free, or a new one."""
        number = len(self.recorder.invocations)
        task = Task(number, self.clock.now + self.history.deployment.timeout)
        invocation = Invocation(number, task, tuple(notifications), began=self.clock.now)
        if self.chance.random() < self.history.kills:
            invocation.fuse = self.chance.randrange(1, 50)
            invocation.lines = self.chance.choice((0, self.chance.randrange(1, 120)))
        invocation.fuse = self.history.deaths.get(number, invocation.fuse)
        container = self._containers.pop() if self._containers else Container()
        self.recorder.invocations.append(invocation)
        self._running[task] = (invocation, container)

        def work() -> None:
            answer = None
            try:
                answer = handler.lambda_handler(payload, _Context(self.clock, task.deadline))
            except Killed as death:
                invocation.killed = str(death)
                self.recorder.seen[f"process: {death}"] += 1
            except BaseException as error:  # noqa: BLE001 (the checker must see it, whatever it is)
                invocation.error = error
            sys.settrace(None)
            invocation.ended = next(self.recorder.orders)
            if invocation.killed is None:
                self._containers.append(container)
                invocation.threads_left = sum(not thread.ended for thread in invocation.threads)
            else:
                self.kill(invocation)
            ended(invocation, answer)

        self.clock.begin(task, work)

    def _end(self, notification: Notification, how: str) -> None:
        self.recorder.ends[notification.number] = (how, next(self.recorder.orders))
