"""A history being played: Lambda's part, from each announcement to its success or the dead-letter queue."""

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
from simulation.diary import Diary, Invocation, Post, Request
from simulation.happenings import MOST_SIZES, START
from simulation.histories import Announcement, History
from simulation.reading import read_message, read_publication
from simulation.timeline import Killed, Task, Timeline
from simulation.troubles import LEDGER_IS_GONE, slack_fault

_RETRIES_AFTER = (60.0, 120.0)  # of an asynchronous invocation
_MOST_RECEIVES = 3
_MOST_MESSAGES = 10
_GUARDED = ("alert#", "notice#")  # keys of the ledger's items


@dataclass(eq=False)
class Container:
    """What outlives an invocation, and dies when its process is killed."""

    application: app.Application | None = None


@dataclass(frozen=True)
class _Context:
    """Lambda's context object, as far as the handler looks at it."""

    timeline: Timeline
    deadline: float
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(max(self.deadline - self.timeline.now, 0.0) * 1000)


class Play:
    """One history as it goes on. `invocation` is the one that runs now."""

    def __init__(self, history: History, slack_port: int) -> None:
        self.history = history
        self.slack_port = slack_port
        self.chance = random.Random(history.seed + 1)  # noqa: S311 (histories must be had again)
        self.start = START.timestamp() + 900
        self.timeline = Timeline(self.start, self.chance)
        self.diary = Diary()
        self._containers: list[Container] = []
        self._running: dict[Task, tuple[Invocation, Container]] = {}
        self._requests: dict[Task, Request] = {}
        self._visible: list[tuple[Announcement, int]] = []  # in the queue, with how often it was received
        random.seed(history.seed)  # the jitter between retries

    @property
    def invocation(self) -> Invocation | None:
        """The invocation that runs now."""
        task = self.timeline.current
        return self._running[task][0] if task else None

    @property
    def container(self) -> Container:
        """Where the running invocation runs."""
        assert self.timeline.current
        return self._running[self.timeline.current][1]

    @property
    def request(self) -> Request | None:
        """The request that the running thread makes, or made last."""
        return self._requests.get(self.timeline.current) if self.timeline.current else None

    @request.setter
    def request(self, request: Request) -> None:
        assert self.timeline.current
        self._requests[self.timeline.current] = request

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

        self.timeline.at(self.timeline.now, partial(self.timeline.begin, task, work_until_killed))
        return task

    def kill(self, invocation: Invocation) -> None:
        """Let the process of an invocation die, with all its threads."""
        for task in (invocation.task, *invocation.threads):
            task.killed = True

    def run(self) -> None:
        """Play the history to its end."""
        for announcement in self.history.announcements:
            come = self._arrive if announcement.queued else self._invoke_alone
            self.timeline.at(self.start + announcement.comes, partial(come, announcement, 0))
        self.timeline.run()

    def meet(self, service: str, operation: str, place: str | None) -> str | None:
        """Return the kind of trouble that a request meets, if any."""
        now = self.timeline.now - self.start
        for trouble in self.history.troubles:
            if trouble.concerns(service, operation, place, now) and self.chance.random() < trouble.chance:
                self.diary.seen[f"{service}: {trouble.kind}"] += 1
                if self.invocation:
                    self.invocation.troubles.add(service)
                return trouble.kind
        return None

    def rejects(self, request: Request) -> bool:
        """Whether SNS rejects a request for its content, as it does with the largest sizes of some alerts."""
        invocation, happenings = self.invocation, self.history.happenings
        assert invocation
        sizes = [happenings[event_id].rejected for event_id in request.event_ids if event_id in happenings]
        rejected = any(invocation.rejections[event_id] < max(sizes) for event_id in request.event_ids if sizes)
        self.diary.seen["sns: content"] += rejected
        return rejected

    def meet_slack(self, method: str, channel: str | None) -> Fault | None:
        """Say how Slack answers a request, and write down that there was one."""
        invocation = self.invocation
        request = self.request
        assert invocation
        assert request
        kind = self.meet("slack", method, channel)
        fault = slack_fault(kind, self.chance, webhook=method == "webhook") if kind else None
        request.kind = kind
        lost = isinstance(fault, AcceptedThenDropped)
        self.diary.posts.append(Post(next(self.diary.orders), self.timeline.now, invocation, kind, lost))
        if kind in ("set-up", "unknown", "content") and channel:
            self.diary.refused.add(channel)
        return fault

    def answered(self, request: Request, status: int) -> None:
        """Write down what became of a request to AWS; `status` 0: it was refused in place."""
        diary, invocation = self.diary, self.invocation
        assert invocation
        done = 200 <= status < 300
        order = next(diary.orders)
        for key in request.notes:
            if done:
                diary.noted.setdefault(key, []).append((order, invocation.number))
            if not done or request.kind:
                diary.not_noted.setdefault(key, set()).add(invocation.number)
        guards = request.operation != "UpdateItem" and any(key.startswith(_GUARDED) for key in request.keys)
        if request.kind in LEDGER_IS_GONE and guards:
            invocation.unguarded = True
        if request.service == "sns" and request.place:
            if done:
                read_publication(diary, request, order, self.timeline.now, invocation)
            elif request.kind in ("NotFound", "AuthorizationError"):
                diary.refused.add(request.place)
            elif request.kind == "InvalidParameter":
                invocation.rejections.update(request.event_ids)
                if any(invocation.rejections[event_id] == MOST_SIZES for event_id in request.event_ids):
                    diary.refused.add(request.place)

    def read_slack(self, calls: Sequence[Call]) -> None:
        """Write down what Slack accepted."""
        diary, deployment = self.diary, self.history.deployment
        assert len(calls) == len(diary.posts)
        for call, post in zip(calls, diary.posts, strict=True):
            if call.error == "invalid_auth" and deployment.rotates and call.channel:
                diary.refused.add(call.channel)
                if post.invocation.began < self.start + sum(deployment.rotates):
                    post.invocation.troubles.add("slack")
            if call.accepted and call.method != "chat.update" and call.channel:
                read_message(diary, call, post, deployment.slack)
        diary.tellings.sort(key=lambda telling: telling.order)
        diary.notices.sort(key=lambda notice: notice.order)

    def _invoke_alone(self, announcement: Announcement, attempt: int) -> None:
        """Invoke the function asynchronously, as S3, SNS and EventBridge do."""

        def ended(invocation: Invocation, answer: Any) -> None:
            if invocation.killed is None and invocation.error is None:
                assert answer is not None
                self._end(announcement, "done")
            elif attempt < len(_RETRIES_AFTER):
                again = partial(self._invoke_alone, announcement, attempt + 1)
                self.timeline.at(self.timeline.now + _RETRIES_AFTER[attempt], again)
            else:
                self._end(announcement, "dead")

        self._invoke(self.history.payload(announcement), [announcement], ended)

    def _arrive(self, announcement: Announcement, receives: int) -> None:
        """Be in the queue from now on, which is looked at a moment later."""
        self._visible.append((announcement, receives))
        self.timeline.at(self.timeline.now + self.chance.choice((0.0, 0.1, 1.0)), self._poll)

    def _poll(self) -> None:
        """Hand what is in the queue to the function."""
        if not self._visible:
            return
        batch, self._visible = self._visible[:_MOST_MESSAGES], self._visible[_MOST_MESSAGES:]
        visible_again = self.timeline.now + self.history.deployment.timeout * self.chance.choice((1, 6))

        def ended(invocation: Invocation, answer: Any) -> None:
            whole = invocation.killed is not None or invocation.error is not None
            back = set() if whole else {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            invocation.handed_back = {int(message_id.removeprefix("m")) for message_id in back}
            for announcement, receives in batch:
                if not whole and announcement.number not in invocation.handed_back:
                    self._end(announcement, "done")
                elif receives + 1 < _MOST_RECEIVES:
                    when = max(visible_again, self.timeline.now)
                    self.timeline.at(when, partial(self._arrive, announcement, receives + 1))
                else:
                    self._end(announcement, "dead")

        records = [
            {
                "messageId": f"m{announcement.number}",
                "eventSource": "aws:sqs",
                "body": json.dumps(self.history.payload(announcement)),
                "attributes": {"SenderId": announcement.sender},
            }
            for announcement, _ in batch
        ]
        self._invoke({"Records": records}, [announcement for announcement, _ in batch], ended)

    def _invoke(
        self, payload: Any, announcements: Sequence[Announcement], ended: Callable[[Invocation, Any], None]
    ) -> None:
        """Invoke the function in a container that is free, or a new one."""
        number = len(self.diary.invocations)
        task = Task(number, self.timeline.now + self.history.deployment.timeout)
        invocation = Invocation(number, task, tuple(announcements), began=self.timeline.now)
        if self.chance.random() < self.history.kills:
            invocation.fuse = self.chance.randrange(1, 50)
            invocation.lines = self.chance.choice((0, self.chance.randrange(1, 120)))
        invocation.fuse = self.history.deaths.get(number, invocation.fuse)
        container = self._containers.pop() if self._containers else Container()
        self.diary.invocations.append(invocation)
        self._running[task] = (invocation, container)

        def work() -> None:
            answer = None
            try:
                answer = handler.lambda_handler(payload, _Context(self.timeline, task.deadline))
            except Killed as death:
                invocation.killed = str(death)
                self.diary.seen[f"process: {death}"] += 1
            except BaseException as error:  # noqa: BLE001 (the judge must see it, whatever it is)
                invocation.error = error
            sys.settrace(None)
            invocation.ended = next(self.diary.orders)
            if invocation.killed is None:
                self._containers.append(container)
                invocation.threads_left = sum(not thread.ended for thread in invocation.threads)
            else:
                self.kill(invocation)
            ended(invocation, answer)

        self.timeline.begin(task, work)

    def _end(self, announcement: Announcement, how: str) -> None:
        self.diary.ends[announcement.number] = (how, next(self.diary.orders))
