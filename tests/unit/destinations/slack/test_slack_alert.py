"""An alert as a Slack message."""

import html
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.alert import Alert, make_alert
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message, plain_message, reply_message
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Rule, Severity
from cloudtrail_to_slack_dev.fake_slack import violation
from support.samples import EVENT_ID, LOG_FILE, RULE, alert, event
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped, assert_visible
from support.strategies import hostile_text, object_keys, records, rules


def shown(*rules: Rule, log_file: LogFile | None = LOG_FILE, **changes: Any) -> str:
    """All texts of an alert's full message, checked, one after the other, as people see them."""
    message = alert_message(alert(*rules, log_file=log_file, **changes))
    assert_good(message)
    return html.unescape("\n".join(texts_of(message.whole.blocks)))


def assert_good(message: SlackMessage) -> None:
    """Assert that Slack takes the message, its details at its end or apart, and that nothing in it does anything."""
    if message.details:
        assert_good(SlackMessage(message.text, message.details))
        assert_good(message.whole)
    assert_within_limits(message.text, message.blocks)
    assert violation({"text": message.text, "blocks": message.blocks}, longest_text=4000) is None
    assert_all_harmless(texts_of(message.blocks))
    assert_escaped(message.text)
    assert_visible(message.text)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    """Alerts of hostile records, matched by rules of hostile words, from objects with hostile keys."""
    event = read_event(draw(records()))
    log_file = draw(
        st.one_of(st.none(), st.builds(LogFile, st.just("trail-bucket"), object_keys(), st.just("eu-west-1")))
    )
    return make_alert(event, draw(rules()), log_file)


@settings(deadline=None, max_examples=120)
@given(hostile=alerts())
def test_any_alert(hostile: Alert) -> None:
    """Whatever stands in record, rules and key, the message is within every limit and does nothing but be read."""
    assert_good(alert_message(hostile))
    assert_good(reply_message(hostile))


@settings(deadline=None, max_examples=80)
@given(hostile=alerts())
def test_any_plain_message(hostile: Alert) -> None:
    """The short message has no blocks, one text within the limit that an update takes, and does nothing either."""
    message = plain_message(hostile)
    assert message.blocks == []
    assert_within_limits(message.text, message.blocks)
    assert len(message.text) <= 4000
    assert_escaped(message.text)
    assert "`" not in message.text


FIELDS = ("userAgent", "eventName", "sourceIPAddress", "errorCode", "errorMessage", "eventID", "eventTime",
          "awsRegion", "eventSource", "requestParameters", "userIdentity")  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@settings(deadline=None, max_examples=15)
@given(text=hostile_text(100_000))
def test_one_hostile_field(field: str, text: str) -> None:
    """One field of any length and content leaves the message within limits, harmless, and naming the event."""
    message = alert_message(make_alert(event(**{field: text}), (RULE,), LOG_FILE))
    assert_good(message)
    if field != "eventID":
        assert EVENT_ID in "".join(texts_of(message.blocks))


@pytest.mark.parametrize("length", [10, 199, 1000, 4000, 20_000])
def test_endless_region(length: int) -> None:
    """A region of the right letters and no end makes no link that would break the message."""
    assert_good(alert_message(alert(awsRegion=f"us-{'a' * length}-1")))


@pytest.mark.parametrize("character", "&<|`")
def test_endless_runbooks(character: str) -> None:
    """Three runbooks with addresses that take most room when quoted leave the message within limits."""
    runbook = "https://x.example/?" + character * 180
    assert_good(alert_message(alert(*[Rule("True", title="&" * 120, runbook_url=runbook)] * 3)))


@pytest.mark.parametrize("character", ["&", '"', "\\", "\x00", "\u202e", "😀", "<", "`", "字", "\ud800", "\n"])
def test_everything_endless(character: str) -> None:
    """With every field filled with what takes most room, the message keeps its limits and loses no identifier."""
    text = character * 3000
    identity = {"type": text, "arn": f"arn:aws:sts::1:assumed-role/{text}/{text}", "accountId": text}
    resources = [{"ARN": f"{number}{text}"} for number in range(9)]
    fields = ("eventName", "eventSource", "userAgent", "sourceIPAddress", "errorCode", "errorMessage", "eventTime")
    found = shown(
        *[Rule("True", id=f"{number}{text}", title=text, description=text, runbook_url="https://x.example/r")
          for number in range(5)],
        log_file=LogFile("trail-bucket", text, "eu-west-1"),
        **dict.fromkeys(fields, text),
        userIdentity={**identity, "invokedBy": text, "identityProvider": text},
        requestParameters={f"{number}{text}": text for number in range(20)},
        responseElements={"x": text},
        additionalEventData=[text],
        resources=resources,
    )  # fmt: skip
    assert EVENT_ID in found
    assert "in `account 111122223333`" in found


def test_techniques_are_linked() -> None:
    """The MITRE ATT&CK techniques of the rules are below the alert, each once with its page, in threads as well."""
    matched = alert(Rule("True", mitre=("T1562.008", "T1078")), Rule("1", mitre=("T1078",)))
    links = (
        "MITRE ATT&amp;CK <https://attack.mitre.org/techniques/T1562/008/|T1562.008>,"
        " <https://attack.mitre.org/techniques/T1078/|T1078>"
    )
    for message in (alert_message(matched), reply_message(matched)):
        assert_good(message)
        assert "\n".join(texts_of(message.blocks)).count(links) == 1
    assert "MITRE" not in shown(Rule("True"))
    assert "T9004" in shown(Rule("True", mitre=tuple(f"T900{number}" for number in range(8))))


def test_what_an_ordinary_alert_says() -> None:
    """An alert says what it means, what happened and where, the facts, the links and ids, and the details last."""
    found = shown()
    parts = (
        "· *Always*\n",
        "*DeleteBucket* by `web/session-1` — :white_check_mark: succeeded\nin",
        "`account 111122223333` · `eu-west-1` · `s3.amazonaws.com`",
        "*Who* role `web` · session `session-1`\n*From* IP `203.0.113.7` · AWS CLI\n*On* bucket `example-bucket`\n",
        "*When* 2026-03-14 09:24:17 UTC · <!date^1773480257^{date_short_pretty} {time_secs}|2026-03-14 09:24:17 UTC>",
        f"#/events/{EVENT_ID}|:mag: Show event in CloudTrail>",
        "|:page_facing_up: Log file>",
        f"event `{EVENT_ID}` · rules `always` · client `aws-cli/2.24.11`",
        '*Request parameters*\n```{\n  "bucketName": "example-bucket"\n}```',
    )
    positions = [found.find(part) for part in parts]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert "*Response*" not in found
    assert "*Error*" not in found


def test_first_steps_of_the_most_severe_rule() -> None:
    """The steps of the most severe rule that has some are numbered; what is in them is escaped and bounded."""
    steps = ("Ask <@U1> who it was.", "x" * 1000, *("more",) * 9)
    low = Rule("True", id="low", severity=Severity.LOW, first_steps=("Look at it later.",))
    high = Rule("True", id="high", severity=Severity.HIGH, first_steps=steps)
    found = shown(low, high, Rule("True", id="critical", severity=Severity.CRITICAL))
    assert ":footprints: *First steps*\n1. Ask <@U1> who it was.\n2. xxx" in found
    assert "5. more" in found
    assert "6. more" not in found
    assert "x" * 301 not in found
    assert "later" not in found
    assert "First steps" not in shown()


def test_error_message() -> None:
    """The error message of a call that failed is shown, as long as a phone's screen has room for it."""
    found = shown(errorCode="AccessDenied", errorMessage="User is <not> authorized")
    assert "\n*Error* `User is <not> authorized`\n*When*" in found
    assert f"*Error* `{'x' * 397}…`\n" in shown(errorCode="AccessDenied", errorMessage="x" * 1_000)


@pytest.mark.parametrize(
    ("log_file", "text"),
    [
        (None, "received from EventBridge"),
        (LogFile("UPPER_case", "a/b.json.gz", "eu-west-1"), "`s3://UPPER_case/a/b.json.gz`"),
        (LogFile("trail-bucket", "x" * 2000, "eu-west-1"), f"`s3://trail-bucket/{'x' * 478}"),
    ],
)
def test_without_a_link_to_the_log_file(log_file: LogFile | None, text: str) -> None:
    """Where no link to the log file can be made, it is named, or said that there is none."""
    found = shown(log_file=log_file)
    assert text in found
    assert "Log file>" not in found


def test_insight_details() -> None:
    """An Insight links to the region's Insights, and its details are the Insight."""
    details = {"state": "Start", "eventName": "DeleteVpc"}
    found = shown(eventName=..., eventSource=..., userIdentity=..., requestParameters=..., insightDetails=details)
    assert "#/insights|:mag:" in found
    assert '*Insight*\n```{\n  "state": "Start"' in found


def test_only_details_fold() -> None:
    """Slack may fold the details, and nothing else of an alert: not the first steps, in however narrow a window."""
    message = alert_message(alert(RULE, requestParameters={"x": "y" * 300}))
    texts = [block for block in (*message.blocks, *message.details) if "text" in block]
    folding = [block["text"]["text"] for block in texts if "expand" not in block]
    assert [text.split("\n")[0] for text in folding] == ["*Request parameters*"]
    assert all(block.get("expand", True) is True for block in texts)


def test_an_almost_empty_record() -> None:
    """An event without anything is an alert that says what is unknown."""
    message = alert_message(make_alert(read_event({}), (RULE,), None))
    assert_good(message)
    found = "\n".join(texts_of(message.blocks))
    for part in ("*an event without a name*", "`unknown`", "`account unknown`", "event `without id`", "EventBridge"):
        assert part in found


def test_reply() -> None:
    """In a thread an alert shows what may differ from the one that opened it, and no more than the request of it."""
    message = reply_message(alert(errorCode="AccessDenied", responseElements={"a": 1}))
    assert_good(message)
    found = "\n".join(texts_of(message.blocks))
    for part in (
        "*HIGH* · *DeleteBucket* by `web/session-1`",
        "`AccessDenied`",
        "*From*",
        "*On*",
        "*When*",
        EVENT_ID,
        ":mag:",
    ):
        assert part in found
    assert "*Request parameters*" in found
    for part in ("*Who*", "*Response*"):
        assert part not in found


def test_plain_message() -> None:
    """The short message shows what happened, which event, and where the whole is."""
    text = plain_message(alert()).text
    assert text.startswith(f"{alert_message(alert()).text}\n")
    assert f"event {EVENT_ID}" in text
    assert text.endswith(f"see the log file: {LOG_FILE.url}")
    assert "EventBridge" in plain_message(alert(log_file=None)).text


def test_policies_are_unpacked() -> None:
    """A policy that stands in a parameter as JSON text is shown as the document it is."""
    found = shown(requestParameters={"policyDocument": '{"Statement":[{"Effect":"Allow"}]}', "x": "{no json"})
    assert '"Effect": "Allow"' in found
    assert '"{no json"' in found


@pytest.mark.parametrize("nothing", [None, "null", "", {}, []])
def test_empty_details_are_left_out(nothing: object) -> None:
    """Parameters that say nothing take no room."""
    assert "*Request parameters*" not in shown(requestParameters=nothing)


@pytest.mark.parametrize("value", [0, False, "text", ["x"], {"a": None}])
def test_details_of_any_type(value: object) -> None:
    """Parameters that say something are shown, whatever their type."""
    assert "*Request parameters*\n```" in shown(requestParameters=value)


def test_details_nested_beyond_measure() -> None:
    """Parameters nested deeply are shown without indentation, or named where Python cannot dump them: in few words."""
    deep: Any = []
    for _ in range(2500):
        deep = [deep]
    found = shown(requestParameters={"a": deep})
    assert "nested too deeply to show" in found or "[[[[" in found
    assert re.search(r"of [0-9]{1,2},[0-9]{3} characters", found) or "nested too deeply" in found


def test_long_details_are_cut() -> None:
    """Each long detail gets its share of the room and says how much of it is shown."""
    long = {str(number): "x" * 50 for number in range(2000)}
    found = shown(requestParameters=long, responseElements=long, additionalEventData=long, serviceEventDetails=long)
    for label in ("Request parameters", "Response", "Additional event data", "Service event details"):
        assert f"*{label}*\n```" in found
    assert found.count("… cut: the first ") == 4
