"""Many alerts shown together: every id, within Slack's limits, whatever the events hold."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.alert import PendingAlert
from cloudtrail_to_slack.destinations.slack.render.summary import summary
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.rules import Rule, Severity
from cloudtrail_to_slack_dev.fake_slack import violation
from support.slack_limits import texts_of
from support.strategies import hostile_text

_RULE = Rule("True", id="always")


def _alert(event_id: str, *, actor: str = "alice", rule: Rule = _RULE, second: int = 0) -> PendingAlert:
    return PendingAlert("k", event_id, "111122223333", datetime(2026, 3, 14, 9, 0, second, tzinfo=UTC), actor, (rule,))


def test_it_counts_by_rule_and_actor_and_says_when() -> None:
    """Rules, actors and accounts are counted, the most frequent first; the times are the first and the last."""
    other = Rule("event['x']", id="other")
    (part,) = summary([_alert("a", second=5), _alert("b", actor="bob", rule=other, second=1), _alert("c", second=9)])
    said = json.dumps(part.message.blocks)
    assert "3 more alerts" in part.message.text
    assert "from 2026-03-14 09:00:01 UTC to 2026-03-14 09:00:09 UTC" in said
    assert said.index("2: `always`") < said.index("1: `other`")
    assert said.index("2: `alice`") < said.index("1: `bob`")
    assert "3: `111122223333`" in said


def test_it_leads_with_the_most_severe() -> None:
    """The text and the first lines name what is most severe, who did it and how it ended, what is alike counted."""
    high = Rule("True", id="high", severity=Severity.HIGH)

    def made(name: str, rule: Rule, outcome: CallOutcome = CallOutcome.SUCCEEDED) -> PendingAlert:
        return replace(_alert("a", rule=rule, actor="<!here>"), name=name, outcome=outcome)

    alerts = [made("PutKeyPolicy", high, CallOutcome.DENIED), *[made("DeleteKey", high)] * 3, made("", _RULE)]
    (part,) = summary(alerts)
    _, severe, *_ = texts_of(part.message.blocks)
    assert severe.splitlines() == [
        "*Most severe*",
        ":large_orange_circle: *PutKeyPolicy* by `&lt;!here&gt;`, denied",
        ":large_orange_circle: *DeleteKey* by `&lt;!here&gt;` · 3 times",
        ":large_yellow_circle: *an event without a name* by `&lt;!here&gt;`",
    ]
    assert part.message.text.endswith("the most severe is PutKeyPolicy by &lt;!here&gt;, denied (high)")


def test_many_rules_and_actors_are_counted_not_listed() -> None:
    """Beyond eight names the others are counted."""
    (part,) = summary([_alert(str(number), actor=f"actor-{number}") for number in range(20)])
    assert "and 12 others" in json.dumps(part.message.blocks)


def test_one_alert_of_unknown_time() -> None:
    """One alert is one alert, and a time that is not known is not made up."""
    (part,) = summary([PendingAlert("k", "", None, None, "alice", (_RULE,))])
    said = json.dumps(part.message.blocks)
    assert "1 more alert*" in said
    assert "at unknown times" in said
    assert "without id" in said


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(hostile_text(120), hostile_text(300), hostile_text(300)), min_size=1, max_size=60))
def test_any_alerts_fit(texts: list[tuple[str, str, str]]) -> None:
    """Whatever ids and actors look like, each part keeps Slack's limits, and every alert is in exactly one."""
    alerts = [replace(_alert(event_id, actor=actor), name=name) for event_id, actor, name in texts]
    parts = summary(alerts)
    assert sum(part.members for part in parts) == len(alerts)
    for part in parts:
        for message in (part.message, part.fallback):
            payload = {"channel": "C1", "text": message.text, **({"blocks": message.blocks} if message.blocks else {})}
            assert violation(payload) is None
            assert len(message.text) <= 40_000


def test_thousands_of_ids_take_few_messages() -> None:
    """Ten thousand ordinary ids fit in less than forty messages, each within the limits."""
    alerts = [_alert(f"{number:08x}-4f0e-8c1d-9a7b-0123456789ab") for number in range(10_000)]
    parts = summary(alerts)
    assert sum(part.members for part in parts) == len(alerts)
    assert len(parts) < 40
    assert all(violation({"text": part.message.text, "blocks": part.message.blocks}) is None for part in parts)
