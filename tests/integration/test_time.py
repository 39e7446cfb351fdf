"""What an invocation does with its time: a file that takes too long takes no other with it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from cloudtrail_to_slack.delivery import deduplication as store
from cloudtrail_to_slack.errors import EvaluationTimeError, InvocationFailedError
from cloudtrail_to_slack.rules import RuleSet
from simulation.fault_injection import aws_answer
from support.app_environment import ACCOUNT, BUCKET, AppEnvironment, failed_messages, record, s3_event, sqs_event
from support.virtual_time import VirtualTime

FILES = 10
TIMEOUT = 30.0


@pytest.fixture
def time(app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """The time of a test; the app environment is set up first, outside of it."""
    del app_env
    return VirtualTime(monkeypatch)


def key(number: int) -> str:
    """The key of a log file."""
    return f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03/14/{ACCOUNT}_CloudTrail_eu-west-1_{number}.json.gz"


def slow_records(count: int, seconds: float = 0.1) -> list[dict[str, Any]]:
    """Records that match nothing, and of which each takes a while; a rule must look at all of them."""
    return [
        record(errorCode=None, requestParameters={"seconds": seconds, "bucketName": "public"}) for _ in range(count)
    ]


def put_batch(app_env: AppEnvironment, slow: set[int], *, slow_count: int = 1000) -> dict[str, Any]:
    """Put ten files, of which each begins with a match; return the batch of their messages."""
    for number in range(FILES):
        match = record(eventName=f"Call{number}", eventID=f"00000000-0000-4000-8000-00000000000{number}")
        app_env.put_log(match, *(slow_records(slow_count) if number in slow else []), key=key(number))
    return sqs_event(*(s3_event(key(number)) for number in range(FILES)))


def configure(app_env: AppEnvironment, **config: Any) -> None:
    """Configure a bot, and a rule that must be evaluated on every event."""
    app_env.configure_bot(rules=['"payroll" in event.values()'], **config)


def calls(app_env: AppEnvironment) -> set[int]:
    """The numbers of the calls that stand in the channel."""
    text = " ".join(f"{message.text} {message.blocks}" for message in app_env.slack.messages("C0DEFAULT"))
    return {number for number in range(FILES) if f"Call{number}" in text}


def notices(app_env: AppEnvironment) -> list[str]:
    """The notices about log files in the channel."""
    return [text for text in app_env.texts() if text.startswith("A log file")]


@pytest.mark.long_cases
@pytest.mark.parametrize("slow", [{0}, {9}, {4}, {0, 1, 2, 3, 4}, set(range(9)), set(range(1, 10))])
def test_a_file_that_takes_too_long_takes_no_other_with_it(
    app_env: AppEnvironment, time: VirtualTime, slow: set[int]
) -> None:
    """Of a batch only the files that take too long are handed back, wherever in it; what matched in them is sent."""
    configure(app_env)
    batch = put_batch(app_env, slow)
    for _ in range(3):
        start = time.now
        assert failed_messages(app_env.invoke(batch, time.context())) == [f"m{number}" for number in sorted(slow)]
        assert time.now - start < TIMEOUT - 1
        assert calls(app_env) == set(range(FILES))
    assert len([text for text in app_env.texts() if "Call" in text]) == FILES
    assert 1 <= len(notices(app_env)) <= len(slow)
    assert len(notices(app_env)) == len(set(notices(app_env)))


def test_the_file_and_what_helps_are_named(
    app_env: AppEnvironment, time: VirtualTime, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notice and the error of an unfinished file name it, and the variables that give it more time; it counts."""
    configure(app_env)
    app_env.put_log(*slow_records(1000), key=key(0))
    with pytest.raises(InvocationFailedError, match=rf"{key(0)}: .*lambda_memory_size .* or lambda_timeout_seconds"):
        app_env.invoke(s3_event(key(0)), time.context())
    (notice,) = notices(app_env)
    assert key(0) in notice
    assert "lambda_timeout_seconds" in notice
    closing = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "invocation finished" in line]
    assert (closing[0]["objects_unfinished"], closing[0]["objects_failed"], closing[0]["objects_read"]) == (1, 0, 0)
    assert closing[0]["records_in"] == closing[0]["unmatched"] > 100


def test_a_file_alone_has_all_the_time_but_what_delivering_takes(app_env: AppEnvironment, time: VirtualTime) -> None:
    """A file that takes two thirds of the invocation is read to its end; what matches last in it is delivered too."""
    configure(app_env)
    app_env.put_log(*slow_records(200), record(eventName="Call1"), key=key(0))
    app_env.invoke(s3_event(key(0)), time.context())
    assert calls(app_env) == {1}
    assert time.now > 20


@pytest.mark.parametrize("table", [True, False])
def test_what_matched_in_an_unfinished_file_is_delivered_once_where_there_is_a_table(
    app_env: AppEnvironment, time: VirtualTime, *, table: bool
) -> None:
    """Each retry reads the file again; its alert is repeated only where no table remembers it."""
    configure(app_env, table=table)
    app_env.put_log(record(eventName="Call1"), *slow_records(1000), key=key(0))
    for _ in range(3):
        with pytest.raises(InvocationFailedError):
            app_env.invoke(s3_event(key(0)), time.context())
    assert len([text for text in app_env.texts() if "Call1" in text]) == (1 if table else 3)


def test_alerts_do_not_wait_for_the_slowest_file(app_env: AppEnvironment, time: VirtualTime) -> None:
    """With a quarter of an hour to spare, what matched is delivered within seconds, while a file takes minutes."""
    configure(app_env)
    batch = put_batch(app_env, {0}, slow_count=6000)
    claimed: list[float] = []  # when an alert was about to be sent
    start = time.now
    time.before("dynamodb", lambda _: claimed.append(time.now - start))
    assert failed_messages(app_env.invoke(batch, time.context(900))) == []
    assert calls(app_env) == set(range(FILES))
    assert max(claimed) < 6
    assert time.now - start > 590


@pytest.mark.parametrize("hanging", [{0}, {9}, set(range(9))])
def test_an_object_that_s3_does_not_send_takes_no_other_with_it(
    app_env: AppEnvironment, time: VirtualTime, hanging: set[int]
) -> None:
    """Where S3 hangs on some objects, the others of the batch are read and delivered; those are handed back."""
    configure(app_env)
    batch = put_batch(app_env, set())
    time.s3_hangs(*(key(number) for number in hanging))
    assert failed_messages(app_env.invoke(batch, time.context())) == [f"m{number}" for number in sorted(hanging)]
    assert calls(app_env) == set(range(FILES)) - hanging


def test_an_object_that_s3_does_not_send_at_first_is_asked_for_again(
    app_env: AppEnvironment, time: VirtualTime
) -> None:
    """An answer that asks for patience is not a failure, as long as a later one comes."""
    configure(app_env)
    batch = put_batch(app_env, set())
    refused: list[str] = []

    def refuse_once(url: str) -> None:
        if url.endswith(key(3)) and len(refused) < 2:
            refused.append(url)
            raise ReadTimeoutError(endpoint_url=url)

    time.before("s3", refuse_once)
    assert failed_messages(app_env.invoke(batch, time.context())) == []
    assert len(refused) == 2
    assert calls(app_env) == set(range(FILES))


@pytest.mark.long
def test_a_flood_in_one_file_does_not_keep_the_others_from_being_delivered(
    app_env: AppEnvironment, time: VirtualTime
) -> None:
    """Where one file matches more often than there is time to publish, the alerts of the others are published first."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    app_env.put_log(*(record() for _ in range(600)), key=key(0))
    app_env.put_log(record(eventName="DeleteTrail", eventTime="2026-03-14T09:34:00Z"), key=key(1))
    published: list[str] = []

    def publish(_: str) -> None:
        published.append("")
        time.passes(0.1)

    time.before("sns", publish)
    answer = app_env.invoke(sqs_event(s3_event(key(0)), s3_event(key(1))), time.context())
    assert failed_messages(answer) == ["m0"]
    assert len(published) < 300
    assert [body["event_name"] for body in app_env.bodies(topic)].count("DeleteTrail") == 1


def test_single_events_are_evaluated_before_files(app_env: AppEnvironment, time: VirtualTime) -> None:
    """An event that EventBridge brings by itself is delivered, though a file of the batch takes too long."""
    configure(app_env)
    app_env.put_log(*slow_records(1000), key=key(0))
    event = {
        "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT,
        "detail": record(eventName="Call7"),
    }  # fmt: skip
    assert failed_messages(app_env.invoke(sqs_event(s3_event(key(0)), event), time.context())) == ["m0"]
    assert calls(app_env) == {7}


def test_what_there_is_no_time_to_begin_is_handed_back_without_a_notice(
    app_env: AppEnvironment, time: VirtualTime
) -> None:
    """Events on which a slow rule takes all the time fail what is left, and no one is bothered with a notice."""
    configure(app_env)
    app_env.put_log(record(eventName="Call1"), key=key(1))
    event = {
        "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT,
        "detail": record(eventName="Call7", requestParameters={"seconds": 22.0, "bucketName": "payroll"}),
    }  # fmt: skip
    other = {**event, "detail": record(eventName="Call8")}
    assert failed_messages(app_env.invoke(sqs_event(s3_event(key(1)), event, other), time.context())) == ["m0", "m2"]
    assert (calls(app_env), notices(app_env)) == ({7}, [])


def test_slow_single_events_leave_time_for_files(app_env: AppEnvironment, time: VirtualTime) -> None:
    """Events on which the rules take longer than their share wait until the log files are read, and then go on."""
    configure(app_env)
    for number in range(3):
        app_env.put_log(record(eventName=f"Call{number}"), key=key(number))
    events = [
        {
            "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT,
            "detail": record(eventName=f"Call{number}", requestParameters={"seconds": seconds}),
        }
        for number, seconds in ((7, 5.0), (8, 0.1), (9, 40.0))
    ]  # fmt: skip
    evaluate = RuleSet.evaluate

    def interrupted(rule_set: RuleSet, event: Mapping[str, Any], today: Any, candidates: Any, deadline: float) -> Any:
        left, seconds = deadline - time.now, event.get("requestParameters.seconds", 0.0)
        if seconds > left:
            time.passes(left)
            raise EvaluationTimeError("too long")
        return evaluate(rule_set, event, today, candidates, deadline)

    app_env.monkeypatch.setattr(RuleSet, "evaluate", interrupted)
    files = [s3_event(key(number)) for number in range(3)]
    assert failed_messages(app_env.invoke(sqs_event(*events, *files), time.context())) == ["m2"]
    assert calls(app_env) == {0, 1, 2, 7, 8}


def test_rules_that_take_all_the_time_on_one_record_cost_no_other_file(
    app_env: AppEnvironment, time: VirtualTime
) -> None:
    """Where the rules together take too long on one record, its file is handed back; so is an event by itself."""
    configure(app_env)
    batch = put_batch(app_env, {3}, slow_count=1)
    event = {
        "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT,
        "detail": slow_records(1)[0],
    }  # fmt: skip
    evaluate = RuleSet.evaluate

    def takes_too_long(rule_set: RuleSet, event: Mapping[str, Any], *arguments: Any) -> Any:
        if event.get("requestParameters.seconds"):
            raise EvaluationTimeError("too long")
        return evaluate(rule_set, event, *arguments)

    app_env.monkeypatch.setattr(RuleSet, "evaluate", takes_too_long)
    batch["Records"].append({"messageId": "event", "eventSource": "aws:sqs", "body": json.dumps(event)})
    assert failed_messages(app_env.invoke(batch, time.context())) == ["event", "m3"]
    assert calls(app_env) == set(range(FILES))
    assert [key(3) in notice for notice in notices(app_env)] == [True]


def test_a_topic_that_hangs_takes_no_other_destination_with_it(app_env: AppEnvironment, time: VirtualTime) -> None:
    """While SNS does not answer, the bot's alerts go out, and the invocation ends before Lambda ends it."""
    topic = app_env.make_topic("alerts")
    configure(app_env, sns={"default_topic_arn": topic})
    batch = put_batch(app_env, set())

    def hang(url: str) -> None:
        time.passes(7.0)
        raise ReadTimeoutError(endpoint_url=url)

    time.before("sns", hang)
    start = time.now
    assert failed_messages(app_env.invoke(batch, time.context())) == [f"m{number}" for number in range(FILES)]
    assert calls(app_env) == set(range(FILES))
    assert time.now - start < TIMEOUT + 4


@pytest.mark.long
def test_a_flood_with_a_slow_table_is_delivered_in_parts(
    app_env: AppEnvironment, time: VirtualTime, capsys: pytest.CaptureFixture[str]
) -> None:
    """If there is no time to deliver a flood, each invocation delivers a part of it, in time, and logs few lines."""
    configure(app_env, max_messages_per_channel=3)
    app_env.put_log(*(record(eventID=f"e-{number:04}") for number in range(400)), key=key(0))
    time.before("dynamodb.TransactWriteItems", lambda _: time.passes(1.2))
    app_env.monkeypatch.setattr(
        store, "chunks", lambda keys: [keys[start : start + 20] for start in range(0, len(keys), 20)]
    )
    left = []
    for _ in range(5):
        start = time.now
        failed = failed_messages(app_env.invoke(sqs_event(s3_event(key(0))), time.context()))
        assert time.now - start < TIMEOUT
        output = capsys.readouterr().out
        (closing,) = [json.loads(line) for line in output.splitlines() if '"invocation finished"' in line]
        left.append(closing["failures"])
        assert output.count('"message":"undelivered"') <= 51
        if not failed:
            break
    assert left == sorted(left, reverse=True)
    assert (left[0] > 51, left[-1]) == (True, 0)
    text = " ".join(f"{message.text} {message.blocks}" for message in app_env.slack.messages("C0DEFAULT"))
    assert all(f"e-{number:04}" in text for number in range(400))


def test_s3_is_asked_again_when_it_asks_for_patience(app_env: AppEnvironment, time: VirtualTime) -> None:
    """An object for which S3 says SlowDown is read later in the same invocation; said for good, it fails the object."""
    configure(app_env)
    batch = put_batch(app_env, set())
    said: list[str] = []

    def slow_down(url: str) -> AWSResponse | None:
        patience = url.endswith(key(7)) or (url.endswith(key(3)) and len(said) < 1)
        said.extend([url] * url.endswith(key(3)))
        return aws_answer("s3", "SlowDown", url) if patience else None

    time.before("s3", slow_down)
    assert failed_messages(app_env.invoke(batch, time.context())) == ["m7"]
    assert calls(app_env) == set(range(FILES)) - {7}
    (notice,) = notices(app_env)
    assert "S3 answers SlowDown" in notice


def test_only_so_many_files_are_open_at_once(
    app_env: AppEnvironment, time: VirtualTime, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of many files that take long, those beyond ten are given up after their first turn; what matched is sent."""
    configure(app_env)
    keys = [key(number) for number in range(14)]
    for number, each in enumerate(keys):
        app_env.put_log(record(eventName=f"Call{number}"), *slow_records(400), key=each)
    with pytest.raises(InvocationFailedError):
        app_env.invoke({"s3Bucket": BUCKET, "s3ObjectKey": keys}, time.context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    given_up = [line["seconds"] for line in lines if line.get("message") == "unfinished"]
    assert len(given_up) == len(keys)
    assert max(given_up[:4]) < 1.2 < max(given_up[4:])
    assert calls(app_env) == set(range(FILES))
