"""The tripwire, with its patterns and messages as Terraform renders them.

A moto server's bus matches real-looking events, a fake of EventBridge's transformer fills the messages in, and the
fake Slack takes or refuses them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests

from cloudtrail_to_slack_dev.fake_slack import FakeSlack, Message
from cloudtrail_to_slack_dev.moto_server import MotoServer
from support.event_bridge import Bus, transform
from support.tampering import (
    ACCOUNT,
    KEY_ARN,
    NEAR_MISSES,
    REGION,
    TABLE_ARN,
    TAMPERING,
    TOPIC_ARN,
    event,
)
from support.terraform import Terraform

_CHANNEL, _TOKEN = "C0123456789", "xoxb-fake"
_NAMED = f"""
  log_bucket_names = ["trail-logs"]
  log_key_arns     = ["{KEY_ARN}"]
  function_names   = ["alerter"]
  event_rule_names = ["log-files"]
  queue_arns       = ["arn:aws:sqs:{REGION}:{ACCOUNT}:notifications"]
  topic_arns       = ["{TOPIC_ARN}"]
  table_arns       = ["{TABLE_ARN}"]
  role_names       = ["alerter"]
"""
_CONFIGURATION = f"""
provider "aws" {{
  region = "{REGION}"
}}

module "bot" {{
  source           = "./module"
  slack_bot_token  = "{_TOKEN}"
  slack_channel_id = "{_CHANNEL}"
{_NAMED}
}}

module "webhook" {{
  source         = "./module"
  slack_hook_url = "https://hooks.slack.com/services/T/B/x"
{_NAMED}
}}
"""
# What cannot break out of the message. Sources: AWS IAM User Guide, "IAM and AWS STS quotas" (names of users, roles and
# sessions: letters, digits and _+=,.@-), AWS CloudTrail User Guide, "CloudTrail record contents" (the rest AWS makes).
_HARMLESS = {
    "$.account",
    "$.detail.eventTime",
    "$.detail.eventName",
    "$.detail.awsRegion",
    "$.detail.sourceIPAddress",
    "$.detail.eventID",
    "$.detail.errorCode",
    "$.detail.userIdentity.type",
    "$.detail.userIdentity.principalId",
    "$.detail.userIdentity.userName",
    "$.detail.userIdentity.sessionContext.sessionIssuer.userName",
}


class Rendered(NamedTuple):
    """What Terraform makes of a rule: its pattern, and the message of its target."""

    pattern: str
    template: str
    paths: dict[str, str]

    def message(self, envelope: dict[str, Any]) -> str:
        """Return the body EventBridge would post."""
        return transform(self.template, self.paths, envelope)


Rules = dict[str, Rendered]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rules]:
    """Every rule by the ending of its name, for the bot and for the webhook."""
    terraform = Terraform(tmp_path_factory.mktemp("tripwire"), ACCOUNT)
    terraform.copy_module("modules/tripwire")
    terraform.write(_CONFIGURATION)
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    applied: dict[str, Rules] = {"bot": {}, "webhook": {}}
    resources = terraform.resources()
    for address, values in resources.items():
        found = re.fullmatch(r'module\.(\w+)\.aws_cloudwatch_event_rule\.this\["(.+)"\]', address)
        if found:
            target = resources[address.replace("event_rule.this", "event_target.slack")]
            (transformer,) = target["input_transformer"]
            applied[found[1]][found[2]] = Rendered(
                values["event_pattern"], transformer["input_template"], transformer["input_paths"]
            )
    return applied


@pytest.fixture(scope="module")
def bot(rendered: dict[str, Rules]) -> Rules:
    """Every rule that posts as the bot."""
    return rendered["bot"]


@pytest.fixture(scope="module")
def bus(bot: Rules) -> Iterator[Bus]:
    """A bus with these rules, on a server that no other test resets."""
    with MotoServer() as server:
        yield Bus(server.url, {name: rule.pattern for name, rule in bot.items()})


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A Slack with the channel."""
    with FakeSlack(bot_token=_TOKEN) as fake:
        fake.add_channel(_CHANNEL, "alerts")
        yield fake


def _post(slack: FakeSlack, body: str) -> Message:
    """Post as the API destination does, and return the message that Slack keeps."""
    answer = requests.post(
        f"{slack.api_url}chat.postMessage",
        data=body.encode(),
        headers={"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json; charset=utf-8"},
        timeout=10,
    )
    assert answer.json()["ok"], (answer.text, body)
    return slack.messages(_CHANNEL)[-1]


def _sentence(body: str) -> str:
    return str(json.loads(body)["blocks"][0]["text"]["text"])


def test_every_rule_has_events_here(bot: Rules) -> None:
    """There is no rule for which this file holds no event, nor an event without its rule."""
    assert {name for name in bot if not name.endswith("-refused")} == set(TAMPERING)


def test_tampering_reaches_its_rule_and_no_other(bus: Bus) -> None:
    """Every call that tampers reaches the one rule that reports it."""
    cases = [(name, event) for name, events in TAMPERING.items() for event in events]
    arrived = bus.rules_for([event for _, event in cases])
    assert [list(rules) for rules in arrived] == [[name] for name, _ in cases]


def test_near_misses_reach_no_rule(bus: Bus) -> None:
    """Other buckets, keys, functions and so on, harmless calls, and the same names from other sources stay unheard."""
    arrived = bus.rules_for(NEAR_MISSES)
    assert [(event["detail"]["eventName"], list(rules)) for event, rules in zip(NEAR_MISSES, arrived, strict=True)] == [
        (event["detail"]["eventName"], []) for event in NEAR_MISSES
    ]


def test_refused_calls_are_reported_as_attempts(bus: Bus, bot: Rules) -> None:
    """A call that AWS refused reaches a rule that says so, and none that says it was done."""
    cases = [
        {**event, "detail": {**event["detail"], "responseElements": None, "errorCode": "AccessDenied"}}
        for events in TAMPERING.values()
        for event in events
        if (event["detail"]["responseElements"] or {}).get("functionArn") is None  # a refusal names no function
    ]
    for rules in bus.rules_for(cases):
        ((name, envelope),) = rules.items()
        assert name.endswith("-refused")
        assert re.search(r"tried to change .+ and was refused: AccessDenied\.$", _sentence(bot[name].message(envelope)))


def test_refused_calls_to_other_things_are_not_reported(bus: Bus) -> None:
    """What was refused on another bucket, function and so on stays unheard too."""
    misses = [{**event, "detail": {**event["detail"], "errorCode": "AccessDenied"}} for event in NEAR_MISSES]
    assert bus.rules_for(misses) == [{} for _ in misses]


def test_each_message_is_accepted_and_says_who_did_what_where_and_when(bot: Rules, slack: FakeSlack) -> None:
    """Slack takes the message of every rule; it names the user, the account and the time."""
    for name, events in TAMPERING.items():
        message = _post(slack, bot[name].message(events[0]))
        said = message.blocks[0]["text"]["text"]
        assert said.startswith("User alice (IAMUser AIDAEXAMPLE) "), name
        assert said.endswith(f" in account {ACCOUNT} at 2026-03-14T09:30:00Z."), name
        assert "<" not in json.dumps(message.payload), name
    assert len(slack.messages(_CHANNEL)) == len(TAMPERING)


def test_the_sentence_of_stopped_logging(bot: Rules, slack: FakeSlack) -> None:
    """It reads as it should, and names the trail below."""
    (stopped, _) = TAMPERING["logging-off"]
    message = _post(slack, bot["logging-off"].message(stopped))
    assert message.text == f"Someone turned off CloudTrail logging in account {ACCOUNT}."
    assert message.blocks[0]["text"]["text"] == (
        f"User alice (IAMUser AIDAEXAMPLE) turned off CloudTrail logging in account {ACCOUNT} at 2026-03-14T09:30:00Z."
    )
    assert message.blocks[1]["elements"][0]["text"] == (
        "StopLogging main in eu-west-1, from 198.51.100.7, event ID 0c3b1d2e-0000-4000-8000-000000000001"
    )


def test_webhooks_get_the_same_without_a_channel(rendered: dict[str, Rules], slack: FakeSlack) -> None:
    """A webhook takes the message of every rule; it differs from the bot's in the channel alone."""
    webhook = slack.add_webhook("C0HOOK", "hook")
    for name, events in TAMPERING.items():
        body = rendered["webhook"][name].message(events[0])
        answer = requests.post(webhook, data=body, headers={"Content-Type": "application/json"}, timeout=10)
        assert (answer.status_code, answer.text) == (200, "ok"), name
        assert {**json.loads(body), "channel": _CHANNEL} == json.loads(rendered["bot"][name].message(events[0]))


_ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:bob@example.com",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/bob@example.com",
    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Admin"}},
}


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ({"userIdentity": _ROLE}, "User Admin (AssumedRole AROAEXAMPLE:bob@example.com) turned"),
        ({"userIdentity": {"type": "Root", "principalId": ACCOUNT}}, f"User  (Root {ACCOUNT}) turned"),
        ({"userIdentity": {"type": "AWSService", "invokedBy": "x.amazonaws.com"}}, "User  (AWSService ) turned"),
        ({"userIdentity": {}}, "User  ( ) turned"),
        ({"userIdentity": None}, "User  ( ) turned"),
        ({"userIdentity": "no identity"}, "User  ( ) turned"),
    ],
)
def test_whatever_the_identity_lacks_there_is_a_sentence(
    bot: Rules, slack: FakeSlack, identity: dict[str, Any], who: str
) -> None:
    """A path that the event lacks leaves a gap, not a broken message."""
    envelope = event("cloudtrail", "StopLogging", None, **identity)
    assert _post(slack, bot["logging-off"].message(envelope)).blocks[0]["text"]["text"].startswith(who)


_BREAKOUT = '"}],"text":"<!channel> <https://evil.example|all is well>","x":["\\'


def test_no_text_of_an_attackers_choice_enters_a_message(bot: Rules) -> None:
    """Only paths that hold no quotes or angle brackets are read; parameters only of calls that succeeded."""
    for name, rule in bot.items():
        (own,) = set(rule.paths.values()) - _HARMLESS or {"$.detail.errorCode"}
        if name.endswith("-refused"):
            assert own == "$.detail.errorCode"
        else:
            assert re.fullmatch(r"\$\.detail\.requestParameters\.\w+", own)
            assert json.loads(rule.pattern)["detail"]["errorCode"] == [{"exists": False}]


def test_hostile_texts_change_no_message(bus: Bus, bot: Rules) -> None:
    """User agent, ARN with a hostile path, error message and refused parameters leave the message as it was."""
    plain = event("cloudtrail", "StopLogging", {"name": "main"}, errorCode="InvalidTrailNameException")
    detail = {
        **plain["detail"],
        "userAgent": _BREAKOUT,
        "errorMessage": _BREAKOUT,
        "requestParameters": {"name": _BREAKOUT},
        "userIdentity": {**plain["detail"]["userIdentity"], "arn": f"arn:aws:iam::{ACCOUNT}:user/{_BREAKOUT}/alice"},
    }
    ((name, hostile),) = bus.rules_for([{**plain, "detail": detail}])[0].items()
    assert bot[name].message({**hostile, "account": ACCOUNT}) == bot[name].message(plain)


def test_names_that_look_like_markup_stay_plain(bot: Rules, slack: FakeSlack) -> None:
    """What a name may hold, Slack neither formats nor pings: it stands in plain_text, and not in the fallback text."""
    name = "@channel,_bold_=#general"
    identity = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "userName": name}
    message = _post(slack, bot["logging-off"].message(event("cloudtrail", "StopLogging", {}, userIdentity=identity)))
    assert name not in message.text
    assert [message.payload[key] for key in ("parse", "mrkdwn", "link_names")] == ["none", False, False]
    texts = [message.blocks[0]["text"], *message.blocks[1]["elements"]]
    assert name in texts[0]["text"]
    assert [(text["type"], text["emoji"]) for text in texts] == [("plain_text", False)] * 2


def test_the_stand_in_of_the_transformer_is_as_unsafe_as_the_real_one() -> None:
    """It escapes nothing, and leaves out what the event lacks: a careless template would break here."""
    paths = {"agent": "$.detail.userAgent", "gone": "$.detail.nothing.here"}
    envelope = {"detail": {"userAgent": 'x","y":"z'}}
    assert transform('{"a":"<agent>","b":"<gone>"}', paths, envelope) == '{"a":"x","y":"z","b":""}'
    assert transform('{"a":<agent>,"b":<gone>}', paths, {"detail": {"userAgent": "x"}}) == '{"a":"x","b":}'
