"""Threads of similar alerts, with the bot and the state table."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.destinations.base import Sent
from cloudtrail_to_slack.destinations.slack.bot import SlackBot
from cloudtrail_to_slack.destinations.slack.errors import THREAD_GONE_CODES
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.destinations.slack.threads import LEASE_SECONDS, SlackThreads, ThreadPlace, ThreadStore
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, InvocationFailedError
from cloudtrail_to_slack.retry import Steps, run_to_completion
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import CHANNEL, KEY, TABLE, AppEnvironment, bot, record, s3_event

_MESSAGE = SlackMessage("text", [{"type": "section", "text": {"type": "mrkdwn", "text": "text"}}])


class FakeTime:
    """A clock that stands until it is waited on, and can do something meanwhile."""

    def __init__(self) -> None:
        self.now = 1_773_480_000.0
        self.waits = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.waits += 1
        self.meanwhile()


class Scene:
    """Threads as one function keeps them; several scenes share the table and the channel."""

    def __init__(self, app_env: AppEnvironment, time: FakeTime, table_name: str | None = TABLE) -> None:
        self.slack = bot(app_env.slack)
        self._table = (app_env.aws("dynamodb"), table_name) if table_name else None
        self.use(Clock(lambda: 1000.0, now=lambda: time.now, sleep=time.sleep))

    def use(self, clock: Clock) -> None:
        """Begin anew with another clock."""
        self.clock = clock
        self.threads = SlackThreads(self.slack, ThreadStore(*self._table, 900, clock) if self._table else None, clock)

    def post(self, thread_ts: str | None) -> Sent[SlackMessage]:
        """Post the message."""
        return Sent(self.slack.send(CHANNEL, _MESSAGE, parent=thread_ts, timeout=10), _MESSAGE)

    def join(
        self,
        fingerprint: str | None = "f",
        post: Callable[[str | None], Sent[SlackMessage]] | None = None,
        *,
        severity: int = 3,
        shared: str | None = None,
    ) -> None:
        """Let an alert join its thread."""

        def posting(thread_ts: str | None) -> Steps[Sent[SlackMessage]]:
            yield from ()
            return (post or self.post)(thread_ts)

        run_to_completion(
            self.clock, self.threads.post(CHANNEL, ThreadPlace(severity, None, fingerprint, shared), posting)
        )


@pytest.fixture
def time() -> FakeTime:
    """A clock of our own."""
    return FakeTime()


@pytest.fixture
def scene(app_env: AppEnvironment, time: FakeTime) -> Scene:
    """One function, with a table."""
    app_env.make_table()
    return Scene(app_env, time)


def test_similar_alerts_share_a_thread_that_counts_them(app_env: AppEnvironment) -> None:
    """The first alert opens a thread, later ones answer in it, and the parent message counts them and says when."""
    app_env.configure_bot()
    times = ["2026-03-14T09:30:00Z", "2026-03-14T09:31:00Z", "2026-03-14T09:32:07Z"]
    app_env.put_log(*(record(eventTime=time) for time in times[:2]), record(eventName="PutObject"))
    app_env.invoke(s3_event(KEY))
    later = app_env.put_log(record(eventTime=times[2]), key=KEY.replace("0123", "aaaa"))
    app_env.invoke(s3_event(later))
    first, second = app_env.slack.threads(CHANNEL)
    assert (len(first.replies), len(second.replies)) == (2, 0)
    shown = json.dumps(first.root.blocks)
    assert "3 alerts like this so far" in shown
    assert "2026-03-14 09:32:07 UTC" in shown
    assert "DeleteBucket" in shown
    assert first.root.edited == 2
    assert "alerts like this so far" not in json.dumps(second.root.blocks)


def test_an_identity_too_poor_to_distinguish_joins_no_thread(app_env: AppEnvironment) -> None:
    """Alerts of whom three of type, principal, ARN and account are missing stay messages of their own."""
    app_env.configure_bot()
    app_env.put_log(*(record(userIdentity={"type": "AWSService"}, recipientAccountId=None) for _ in range(3)))
    app_env.invoke(s3_event(KEY))
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [0, 0, 0]


def test_threads_belong_to_a_channel(app_env: AppEnvironment) -> None:
    """The same fingerprint in two channels is two threads."""
    app_env.slack.add_channel("C1", "other")
    app_env.configure_bot(slack={"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C1"}]})
    app_env.put_log(record(), record(recipientAccountId="444455556666"))
    app_env.invoke(s3_event(KEY))
    assert (len(app_env.slack.threads(CHANNEL)), len(app_env.slack.threads("C1"))) == (1, 1)


def test_a_thread_ends_with_its_time_to_live(scene: Scene, app_env: AppEnvironment, time: FakeTime) -> None:
    """An alert within the time to live joins, one after it opens a new thread, whether or not DynamoDB has deleted."""
    scene.join()
    time.now += 899
    scene.join()
    time.now += 2
    scene.join()
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [1, 0]


def test_two_functions_racing_make_one_thread(scene: Scene, app_env: AppEnvironment, time: FakeTime) -> None:
    """While one function opens the thread, the other waits, and then answers in it."""
    other = Scene(app_env, time)

    def post_while_the_other_asks(thread_ts: str | None) -> Sent[SlackMessage]:
        racer = threading.Thread(target=other.join)
        started = threading.Event()

        def wait_for_the_opening() -> None:
            started.set()
            finished.wait(5)

        time.meanwhile = wait_for_the_opening
        racer.start()
        racers.append(racer)
        assert started.wait(5), "the other function did not have to wait"
        return scene.post(thread_ts)

    finished = threading.Event()
    racers: list[threading.Thread] = []
    scene.join("f", post_while_the_other_asks)
    finished.set()
    racers[0].join(10)
    (thread,) = app_env.slack.threads(CHANNEL)
    assert len(thread.replies) == 1


def test_many_functions_at_once_make_one_thread(scene: Scene, app_env: AppEnvironment) -> None:
    """Eight functions that get similar alerts at the same moment open exactly one thread, and lose none."""
    del scene
    turn = threading.Event()
    functions = [Scene(app_env, FakeTime()) for _ in range(8)]
    for function in functions:
        # Time stands still, so that no lease ends however slow the machine is; waiting lets the others go on.
        function.use(Clock(lambda: 1000.0, now=lambda: 1_773_480_000.0, sleep=lambda _: turn.wait(0.01)))  # type: ignore[arg-type]
    racers = [threading.Thread(target=function.join) for function in functions]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    (thread,) = app_env.slack.threads(CHANNEL)
    assert len(thread.replies) == 7


def test_a_claim_whose_holder_died_is_taken_over(scene: Scene, app_env: AppEnvironment, time: FakeTime) -> None:
    """A function that died between claim and post holds the thread up for its lease and no longer."""
    ThreadStore(app_env.aws("dynamodb"), TABLE, 900, scene.clock).claim(f"thread#{CHANNEL}#f")
    scene.join()
    scene.join()
    (thread,) = app_env.slack.threads(CHANNEL)
    assert len(thread.replies) == 1
    assert time.waits * 0.3 == pytest.approx(LEASE_SECONDS, abs=1)


def test_a_claim_is_given_up_when_the_opening_cannot_be_posted(scene: Scene, app_env: AppEnvironment) -> None:
    """When the first alert is refused, the next may open the thread at once."""
    app_env.slack.fail(SlackError("not_in_channel"))
    with pytest.raises(DestinationMisconfiguredError):
        scene.join()
    scene.join()
    scene.join()
    (thread,) = app_env.slack.threads(CHANNEL)
    assert len(thread.replies) == 1


def test_an_alert_refused_in_a_thread_is_not_posted_elsewhere(scene: Scene, app_env: AppEnvironment) -> None:
    """A set-up error while answering fails the alert; it does not make a second thread."""
    scene.join()
    app_env.slack.fail(SlackError("is_archived"))
    with pytest.raises(DestinationMisconfiguredError):
        scene.join()
    assert len(app_env.slack.messages(CHANNEL)) == 1


@pytest.mark.parametrize("code", sorted(THREAD_GONE_CODES))
def test_a_thread_whose_opening_is_gone_is_opened_anew(scene: Scene, app_env: AppEnvironment, code: str) -> None:
    """When someone deleted the parent message, the alert opens a new thread and later ones join that."""
    scene.join()
    app_env.slack.fail(SlackError(code))
    scene.join()
    scene.join()
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [0, 1]


def test_a_thread_whose_parent_was_deleted_is_forgotten(scene: Scene, app_env: AppEnvironment) -> None:
    """When the parent's count cannot be shown because it was deleted, the next alert opens a new thread."""
    scene.join()
    scene.join()
    app_env.slack.fail(SlackError("message_not_found"), method="chat.update")
    scene.threads.finish()
    scene.join()
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [1, 0]


def test_an_older_count_never_replaces_a_newer_one(scene: Scene, app_env: AppEnvironment, time: FakeTime) -> None:
    """Of two functions that counted, the slower one does not show its older number."""
    slow = Scene(app_env, time)
    scene.join()
    slow.join()
    scene.join()
    scene.threads.finish()
    slow.threads.finish()
    (thread,) = app_env.slack.threads(CHANNEL)
    assert "3 alerts" in json.dumps(thread.root.blocks)
    assert thread.root.edited == 1


def test_without_a_table_threads_end_with_the_invocation(app_env: AppEnvironment) -> None:
    """A bot without a state table gathers similar alerts of one invocation in a thread, and knows no other."""
    app_env.configure_bot(table=False)
    for key in (KEY, KEY.replace("0123", "aaaa")):
        app_env.put_log(record(), record(), key=key)
        app_env.invoke(s3_event(key))
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [1, 1]


@pytest.mark.parametrize("table_name", [TABLE, None])
@pytest.mark.parametrize("shared", [None, "s"])
def test_a_more_severe_alert_is_the_parent_of_what_follows(
    app_env: AppEnvironment, time: FakeTime, table_name: str | None, shared: str | None
) -> None:
    """An alert more severe than the parent is posted in the channel, and later ones reply to it."""
    app_env.make_table()
    scene = Scene(app_env, time, table_name)
    for severity in (3, 3, 5, 5, 4):
        scene.join(severity=severity, shared=shared)
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [1, 2]


def test_copies_that_no_table_remembers_are_posted(app_env: AppEnvironment, time: FakeTime) -> None:
    """When the table is gone, copies of one call are messages of their own."""
    scene = Scene(app_env, time)
    scene.join(shared="s")
    scene.join(None, shared="s")
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [0, 0]


def test_a_thread_of_the_invocation_that_is_gone_is_opened_anew(
    app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the parent is gone from Slack, the next alert opens another thread, without a table too."""
    app_env.configure_bot(table=False)
    app_env.put_log(record(), record(), record())
    send = SlackBot.send

    def send_and_lose_the_first(*args: Any, **keywords: Any) -> str:
        ts = send(*args, **keywords)
        if len(app_env.slack.messages(CHANNEL)) == 1:
            app_env.slack.fail(SlackError("thread_not_found"))
        return ts

    monkeypatch.setattr(SlackBot, "send", send_and_lose_the_first)
    app_env.invoke(s3_event(KEY))
    assert [len(thread.replies) for thread in app_env.slack.threads(CHANNEL)] == [0, 1]


def test_a_table_that_fails_loses_no_alert(app_env: AppEnvironment) -> None:
    """When the state table cannot be used, alerts are posted without a thread and the invocation succeeds."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "no-such-table")
    app_env.put_log(record(), record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.threads(CHANNEL)) == 2


def test_a_table_that_fails_halfway_loses_no_alert(scene: Scene, app_env: AppEnvironment) -> None:
    """When the table goes away while a thread is being opened or answered, the alerts are posted anyway."""
    dynamodb = app_env.aws("dynamodb")

    def post(thread_ts: str | None) -> Sent[SlackMessage]:
        dynamodb.delete_table(TableName=TABLE)
        return scene.post(thread_ts)

    scene.join("f", post)
    app_env.make_table()
    scene.join()
    scene.join("f", post)
    scene.threads.finish()
    assert len(app_env.slack.messages(CHANNEL)) == 3


def test_a_refused_opening_and_a_dead_table_raise_the_refusal(scene: Scene, app_env: AppEnvironment) -> None:
    """When neither Slack nor the table works, the log names Slack's refusal."""

    def post(_: str | None) -> Sent[SlackMessage]:
        app_env.aws("dynamodb").delete_table(TableName=TABLE)
        raise DestinationMisconfiguredError("is_archived")

    with pytest.raises(DestinationMisconfiguredError, match="is_archived"):
        scene.join("f", post)


def test_an_invocation_without_time_to_wait_posts_without_a_thread(app_env: AppEnvironment, time: FakeTime) -> None:
    """When another function is opening the thread and there is no time to wait, the alert is a message of its own."""
    app_env.make_table()
    scene = Scene(app_env, time)
    ThreadStore(app_env.aws("dynamodb"), TABLE, 900, scene.clock).claim(f"thread#{CHANNEL}#f")
    scene.use(Clock(lambda: 1.0, now=lambda: time.now))
    scene.join()
    assert len(app_env.slack.threads(CHANNEL)) == 1


def test_a_count_that_cannot_be_shown_fails_nothing(app_env: AppEnvironment) -> None:
    """All alerts are delivered when the parent message cannot be updated, so the invocation succeeds."""
    app_env.configure_bot()
    app_env.slack.fail(SlackError("edit_window_closed"), method="chat.update")
    app_env.put_log(record(), record())
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert (len(thread.replies), thread.root.edited) == (1, 0)


def test_a_thread_opened_by_a_short_message_is_counted_too(app_env: AppEnvironment) -> None:
    """A thread whose opening Slack took only in short shows its count as well."""
    app_env.configure_bot()
    app_env.slack.fail(SlackError("invalid_blocks"))
    app_env.put_log(record(), record())
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert "2 alerts" in json.dumps(thread.root.blocks)


def test_a_failed_alert_in_a_thread_fails_the_invocation(app_env: AppEnvironment) -> None:
    """An alert that should join a thread and cannot be posted is not lost silently."""
    app_env.configure_bot()
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    app_env.slack.fail(SlackError("is_archived"))
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY))
