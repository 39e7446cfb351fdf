"""Titles with facts of the event: filled in, distinguished from the rule's own words, and harmless."""

import pytest

from cloudtrail_to_slack.alerts.alert import make_alert, pending_alert, title_parts, with_facts
from cloudtrail_to_slack.destinations.slack.render.headline import rule_title
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule
from support.samples import LOG_FILE
from support.slack_markup import assert_all_harmless

EVENT = {
    "eventName": "AttachUserPolicy",
    "requestParameters": {"userName": "eve", "policyArn": "arn:aws:iam::aws:policy/X"},
}
TITLE = "{requestParameters.policyArn} attached to {requestParameters.userName}"


def plain_title(rule: Rule) -> str:
    """Return a rule's title with its facts, unescaped."""
    return "".join(part.text for part in title_parts(rule))


@pytest.mark.parametrize(
    ("title", "filled"),
    [
        (TITLE, "arn:aws:iam::aws:policy/X attached to eve"),
        ("Something happened", "Something happened"),
        ("{eventName}", "AttachUserPolicy"),
        ("By {userIdentity.arn}", "By unknown"),
        ("A brace { and } and {} and {0} and {a b}", "A brace { and } and {} and {0} and {a b}"),
        ("{requestParameters}", "unknown"),
        ("To {requestParameters.roleName or requestParameters.userName or eventName}", "To eve"),
        ("To {requestParameters.roleName or none}", "To unknown"),
        ("To {requestParameters.userName or }", "To {requestParameters.userName or }"),
        (None, ""),
    ],
)
def test_titles_are_filled(title: str | None, filled: str) -> None:
    """Fields of the event stand in the title; what is missing is unknown; other braces stay."""
    (rule,) = with_facts((Rule("True", id="r", title=title),), read_event(EVENT))
    assert plain_title(rule) == filled


def test_facts_are_cut_and_on_one_line() -> None:
    """A fact of any length takes one line and little room."""
    event = read_event({"requestParameters": {"userName": "a\n b\t" + "x" * 500}})
    (rule,) = with_facts((Rule("True", title="{requestParameters.userName} created"),), event)
    assert plain_title(rule).startswith("a b xxx")
    assert len(plain_title(rule)) < 100


def test_values_that_look_like_fields_are_not_filled_again() -> None:
    """A caller who puts braces into a name gets braces."""
    event = read_event({"eventName": "X", "requestParameters": {"userName": "{eventName}"}})
    (rule,) = with_facts((Rule("True", title="{requestParameters.userName} created"),), event)
    assert plain_title(rule) == "{eventName} created"


def test_an_alert_and_what_is_kept_of_it_have_the_facts() -> None:
    """Both the alert and what is kept of it while it waits know the facts of the title."""
    rules = (Rule("True", id="r", title=TITLE), Rule("True", id="plain", title="Plain"))
    event = read_event(EVENT)
    for found in (make_alert(event, rules, LOG_FILE).rules, pending_alert(event, rules).rules):
        assert [plain_title(rule) for rule in found] == ["arn:aws:iam::aws:policy/X attached to eve", "Plain"]
        assert [rule.name for rule in found] == ["r", "plain"]


@pytest.mark.parametrize("outcome", list(CallOutcome))
@pytest.mark.parametrize(
    "name",
    ["<!channel>", "*bold* _x_", "`code`", "<https://evil.example|click>", ":tada:", "```", "@here", "https://evil"],
)
def test_strangers_write_only_code(name: str, outcome: CallOutcome) -> None:
    """Whatever a caller names a user, in a title it is code."""
    (rule,) = with_facts(
        (Rule("True", title="User {requestParameters.userName} created"),),
        read_event({"requestParameters": {"userName": name}}),
    )
    shown = rule_title(rule, outcome)
    assert_all_harmless([shown])
    assert "created" in shown


def test_words_in_bold_and_facts_as_code() -> None:
    """The rule's words are bold, the facts code; a denied call is not claimed to have happened."""
    (rule,) = with_facts((Rule("True", title=TITLE),), read_event(EVENT))
    assert rule_title(rule, CallOutcome.SUCCEEDED) == "`arn:aws:iam::aws:policy/X` *attached to* `eve`"
    (rule,) = with_facts((Rule("True", title="Switched off ({eventName}, by hand)"),), read_event(EVENT))
    assert rule_title(rule, CallOutcome.SUCCEEDED) == "*Switched off* (`AttachUserPolicy`, *by hand*)"
    (rule,) = with_facts((Rule("True", title=TITLE),), read_event(EVENT))
    assert rule_title(rule, CallOutcome.DENIED) == "*Denied* · rule “`arn:aws:iam::aws:policy/X` attached to `eve`”"
