"""What the tool promises, each promise shown on the whole path."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import ACCOUNT, CHANNEL, KEY, AppEnvironment, Context, record, s3_event

_CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "events.jsonl.gz"


def _insight(**fields: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.09",
        "eventTime": "2026-03-14T09:15:00Z",
        "awsRegion": "eu-west-1",
        "eventID": "11111111-2222-4333-8444-555555555555",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT,
        "insightDetails": {
            "state": "Start",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "insightType": "ApiCallRateInsight",
            "insightContext": {
                "statistics": {
                    "baseline": {"average": 0.0020833},
                    "insight": {"average": 41.5},
                    "insightDuration": 7,
                    "baselineDuration": 10080,
                }
            },
        },
        "eventCategory": "Insight",
        **fields,
    }


def test_ten_matching_events_with_a_huge_one_give_ten_alerts(app_env: AppEnvironment) -> None:
    """Ten matching events of which the third has 4,000 characters of parameters give ten alerts, one cut."""
    app_env.configure_bot()
    records = [record(eventName=f"Delete{number}") for number in range(10)]
    records[2]["requestParameters"] = {"policy": "x" * 4000}
    app_env.put_log(*records)
    app_env.invoke(s3_event(KEY))
    threads = app_env.slack.threads(CHANNEL)
    assert len(threads) == 10
    assert all(thread.root.blocks for thread in threads)
    replies = [[json.dumps(reply.blocks) for reply in thread.replies] for thread in threads]
    assert [["cut: the first" in reply for reply in each] for each in replies] == [
        [True] if n == 2 else [] for n in range(10)
    ]


def test_an_insight_first_in_a_file_loses_nothing_after_it(app_env: AppEnvironment) -> None:
    """Rules see an Insight, it is delivered in words that fit one, and the nine events after it are alerted."""
    app_env.configure_bot(rules=['event.get("insightDetails.state") == "Start"', 'event["eventName"] == "Never"'])
    app_env.put_log(_insight(), *(record(eventName=f"Delete{number}") for number in range(9)))
    app_env.invoke(s3_event(KEY))
    texts = app_env.texts()
    assert len([text for text in texts if "called Delete" in text]) == 9
    assert len([text for text in texts if text.startswith("Insight started: unusual call rate of RunInstances")]) == 1
    said = json.dumps(app_env.slack.messages(CHANNEL)[0].blocks)
    assert "41.5 a minute instead of 0.002083" in said
    assert "called" not in said
    assert len(texts) == 12  # and one report that a rule raised on the Insight, and the details of the Insight


def test_a_console_sign_in_without_additional_event_data_is_alerted(app_env: AppEnvironment) -> None:
    """A ConsoleLogin that says nothing of MFA counts as one without, and is marked so."""
    app_env.configure_bot()
    sign_in = record(
        eventName="ConsoleLogin",
        eventSource="signin.amazonaws.com",
        errorCode=None,
        errorMessage=None,
        userIdentity={"type": "IAMUser", "userName": "bob", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob"},
        responseElements={"ConsoleLogin": "Success"},
    )
    app_env.put_log(sign_in)
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert thread.root.text.startswith("⚠️ without MFA: bob called ConsoleLogin\n")
    assert ":warning: *without MFA*" in json.dumps(thread.root.blocks)


@pytest.mark.parametrize("switch", [False, "false", "FALSE "])
def test_false_as_text_switches_the_default_rules_off(app_env: AppEnvironment, switch: Any) -> None:
    """`use_default_rules` given as the text "false" is off."""
    app_env.configure_bot(use_default_rules=switch, rules=['event["eventName"] == "Other"'])
    app_env.put_log(record())
    assert app_env.invoke(s3_event(KEY))["unmatched"] == 1
    assert app_env.texts() == []


@pytest.mark.parametrize("separator", [",", ";", "|||"])
def test_rules_joined_by_the_separator_apply(app_env: AppEnvironment, separator: str) -> None:
    """Rules given as one text are split by the separator, events to track by commas."""
    rules = separator.join(['event["eventName"] == "A"', ' event["eventName"].startswith("B") ', ""])
    app_env.configure_bot(
        use_default_rules=False,
        rules_separator=separator,
        rules=rules,
        ignore_rules=f'event["eventID"] == "no"{separator}',
        events_to_track="C, D ,",
    )
    names = ["A", "Bee", "C", "D", "E"]
    app_env.put_log(*(record(eventName=name) for name in names), record(eventName="A", eventID="no"))
    counts = app_env.invoke(s3_event(KEY))
    assert (counts["matched"], counts["unmatched"], counts["ignored"]) == (4, 1, 1)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    names=st.lists(
        st.sampled_from(["DeleteBucket", "SourceDown", "<!channel>", "`", "é" * 40]), min_size=1, max_size=6
    ),
    faults=st.lists(st.sampled_from(["invalid_blocks", "is_archived", "msg_too_long"]), max_size=8),
    broken=st.booleans(),
)
def test_success_means_everything_was_delivered(
    app_env: AppEnvironment, names: list[str], faults: list[str], *, broken: bool
) -> None:
    """Whatever Slack refuses, a handler that returns has delivered every alert, and one that has not, raises."""
    app_env.slack.clear()
    app_env.configure_bot(table=False, use_default_rules=False, rules=['event.get("eventName") != "SourceDown"'])
    records: list[Any] = [record(eventName=name, eventID=f"event-{number}") for number, name in enumerate(names)]
    app_env.put_log(*records, *([None] if broken else []))
    for fault in faults:
        app_env.slack.fail(SlackError(fault), channel=CHANNEL)
    wanted = {f"event-{number}" for number, name in enumerate(names) if name != "SourceDown"}
    try:
        app_env.invoke(s3_event(KEY))
        raised = False
    except InvocationFailedError:
        raised = True
    delivered = {
        event_id
        for message in app_env.slack.messages(CHANNEL)
        for event_id in wanted
        if event_id in json.dumps([message.text, message.blocks])
    }
    assert raised or delivered == wanted
    assert raised or not broken


def _identity(event: dict[str, Any]) -> str:
    if not event.get("eventID"):
        return json.dumps(event, sort_keys=True)
    return json.dumps([event.get(key) for key in ("eventID", "recipientAccountId", "eventTime", "eventName")])


@pytest.mark.long
@pytest.mark.skipif(not _CORPUS.exists(), reason="the corpus of real events is not beside this checkout")
def test_every_real_event_passes_the_whole_path(app_env: AppEnvironment) -> None:
    """Every fifth of some 2,000 real events is alerted through handler and message without an error or a refusal."""
    import gzip  # noqa: PLC0415 (only when the corpus is there)

    with gzip.open(_CORPUS) as lines:
        events = [json.loads(line)["event"] for line in lines][::5]  # the messages of all are checked elsewhere
    topic = "arn:aws:sns:eu-west-1:123456789012:no-subscribers"
    app_env.aws("sns").create_topic(Name="no-subscribers")
    app_env.configure_bot(
        table=False, rules=["True"], sns={"default_topic_arn": topic}, max_messages_per_channel=10_000
    )
    app_env.put_log(*events)
    counts = app_env.invoke(s3_event(KEY), Context(milliseconds=900_000))
    assert counts["records_in"] == counts["matched"] == len(events) > 400
    replies_with_details = 5  # the most in one invocation
    alerts = len(app_env.slack.messages(CHANNEL)) - replies_with_details
    assert alerts == len(set(map(_identity, events))) > 400
    assert all(message.blocks for message in app_env.slack.messages(CHANNEL))
