"""Mistakes that people make in rules, and the advice they get."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.errors import ExpressionError, SourceSpan
from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt, render_caret
from cloudtrail_to_slack.rules.lint import known_events as event_names
from cloudtrail_to_slack.rules.lint.known_events import is_known
from cloudtrail_to_slack.rules.lint.linter import warnings_for
from cloudtrail_to_slack.rules.packs import default_rules, events_to_track_rule
from support.strategies import hostile_text

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "events.jsonl.gz"

MISTAKES = {
    'event.eventName == "X"': 'write event.get("eventName")',
    'event.userIdentity.arn == "X"': 'write event.get("userIdentity.arn")',
    'event.userIdentity.arn.startswith("X")': 'write event.get("userIdentity.arn")',
    'event["userIdentity"]["arn"] == "X"': 'write event["userIdentity.arn"] or event.get("userIdentity.arn")',
    'event.get("userIdentity").get("arn") == "X"': 'write event["userIdentity.arn"] or event.get("userIdentity.arn")',
    'event.get("userIdentity", {}).get("arn", "") == "X"': 'or event.get("userIdentity.arn")',
    'event["resources"][0]["ARN"] == "X"': 'write event["resources.0"]',
    'any(v for v in event["requestParameters"].values())': 'key.startswith("requestParameters.")',
    'event["eventName"] = "X"': "use == to compare",
    'event.get("eventName") = "X"': "use == to compare",
    'any(event.get("a") = x for x in event)': "use == to compare",
    'event.get("eventName") == "X" && event.get("a")': "write and instead of &&",
    'event.get("eventName") == "X" || event.get("a")': "write or instead of ||",
    '!event.get("eventName")': "write not instead of !",
    'event.get("a") AND event.get("b")': "write and instead of AND",
    'event.get(“eventName”) == "X"': "write plain quotes",
    'event.get("eventName" == "X"': "it looks like half of an expression",
    '"X")': "it looks like half of an expression",
    'event.get("eventName") == "X" and': "it looks like half of an expression",
    "event.get('eventName": "it looks like half of an expression",
    'evnt.get("eventName") == "X"': "did you mean event?",
    'eventName == "X"': 'write event.get("eventName")',
    'event.get("a") == true': "write True",
    'event.get("a") is null': "write None",
    'sorte(event) == ["a"]': "did you mean sorted?",
    're.search("a", event.get("b"))': "use re_search(pattern, text)",
    'json.loads(event.get("b"))': "use json_loads(text)",
    '"{}".format(event)': "use an f-string",
    'event.has_key("a")': 'use "key" in event',
    'event.get("a").contains("b")': 'use "part" in text',
    'event.get("a").startsWith("b")': "use .startswith(…)",
    'event.get("a").startswith': "write .startswith(…)",
    "sorted(event, key=lambda k: k)": "write what it does in a comprehension, or key=len",
    "[len for len in event]": "use another variable name",
    'str.lower(event.get("a")) == "b"': "value.lower(…)",
}


@pytest.mark.parametrize(("expression", "advice"), MISTAKES.items())
def test_mistakes(expression: str, advice: str) -> None:
    """A common mistake is refused, with what to write instead."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(expression)
    assert advice in str(caught.value)
    assert caught.value.place is not None


RIGHT = (
    (
        'event["eventName"] == "ConsoleLogin" and event["additionalEventData.MFAUsed"] != "Yes" and'
        ' "assumed-role/AWSReservedSSO" not in event.get("userIdentity.arn", "")'
    ),
    'event.get("errorCode", "").endswith(("UnauthorizedOperation"))',
    (
        'event.get("errorCode", "").startswith(("AccessDenied")) and (event.get("userIdentity.accountId", "") not in'
        ' ["ANONYMOUS_PRINCIPAL"])'
    ),
    (
        'event.get("userIdentity.type", "") == "Root" and not event["eventName"].startswith(("Get", "List", "Describe",'
        ' "Head"))'
    ),
    'event.get("eventSource", "") == "cloudtrail.amazonaws.com" and event["eventName"] == "StopLogging"',
    'event["eventName"] in ["CreateUser", "DeleteUser"] and event.get("eventSource") == "iam.amazonaws.com"',
    "'userIdentity.accountId' in event and event['userIdentity.accountId'] == '123'",
    "str(event.get('requestParameters.x')).lower() == 'true'",
    "str(event.get('requestParameters.publiclyAccessible')) == 'True'",
    'event["eventName"] == "UpdateFunctionCode20150331v2" and event.get("responseElements.functionName") == "f"',
    'event.get("userIdentity.sessionContext.sessionIssuer.userName") == "x"',
    'event.get("requestParameters") is None or event.get("insightDetails.state") == "Start"',
    'event.get("eventName") in ("UpdateFunctionCode", "UpdateFunctionCode20150331v2")',
    events_to_track_rule(("UpdateFunctionCode", "StopLogging", "CreateFunction20150331")).expression,
    'event.get("resources.0.ARN") == "x" and event["tlsDetails.tlsVersion"] == "TLSv1.2"',
)


@pytest.mark.parametrize("expression", [*RIGHT, *(rule.expression for rule in default_rules("f"))])
def test_nothing_is_wrong(expression: str) -> None:
    """Rules as they stand in documentation of today's tools are neither refused nor warned about."""
    assert warnings_for(expression) == []


WARNINGS = {
    'event["eventname"] == "X"': (
        '"eventname"',
        'reads "eventname", a field that no CloudTrail record has; did you mean "eventName"?',
    ),
    'event.get("userAgnet") == "X"': ('"userAgnet"', 'did you mean "userAgent"?'),
    '"error_code" in event': ('"error_code"', 'did you mean "errorCode"?'),
    'event.get("userName") == "X"': ('"userName"', 'did you mean "userIdentity.userName"?'),
    'event.get("useridentity.arn") == "X"': ('"useridentity.arn"', 'did you mean "userIdentity.arn"?'),
    'event.get("userIdentity.Arn") == "X"': (
        '"userIdentity.Arn"',
        'userIdentity has no such field; did you mean "userIdentity.arn"?',
    ),
    'event.get("userIdentity.sessionContext.sessionissuer.arn") == "X"': (
        '"userIdentity.s',
        'did you mean "userIdentity.sessionContext.sessionIssuer.arn"?',
    ),
    'event.get("eventName.x") == "X"': ('"eventName.x"', "eventName has no fields of its own"),
    'event.get("userIdentity") == "X"': ('"userIdentity"', "which is not a leaf and so not in the event"),
    'event.get("zork") == "X"': ('"zork"', 'reads "zork", a field that no CloudTrail record has'),
    'event.get("eventName") == "PassRole"': ('"PassRole"', "never appears in CloudTrail: it is a permission"),
    '"ListAllMyBuckets" == event["eventName"]': ('"ListAllMyBuckets"', "the call is ListBuckets"),
    'event.get("eventName") in ("StopLogging", "DeletTrail")': ('"DeletTrail"', "did you mean DeleteTrail?"),
    'event.get("eventName") not in ["consolelogin"]': ('"consolelogin"', "did you mean ConsoleLogin?"),
    'event.get("eventName") == "UpdateFunctionCode"': (
        '"UpdateFunctionCode"',
        'which CloudTrail calls UpdateFunctionCode20150331v2; use .startswith("UpdateFunctionCode")',
    ),
    'event.get("eventName") == "Qqqqqqqqqqq"': ('"Qqqqqqqqqqq"', "is not an event of any known AWS service"),
}


@pytest.mark.parametrize(("expression", "warning"), WARNINGS.items())
def test_warnings(expression: str, warning: tuple[str, str]) -> None:
    """A field or event that is unknown is warned about, with its place, and no refusal."""
    (found,) = warnings_for(expression)
    assert warning[1] in str(found)
    assert found.place is not None
    assert expression[found.place.column :].startswith(warning[0])


def test_events_to_track_that_no_api_has() -> None:
    """A name in events_to_track that no API has is warned about, once."""
    (found,) = warnings_for(events_to_track_rule(("StopLogging", "UpdateFunctionCodes")).expression)
    assert 'looks for the event "UpdateFunctionCodes", which is not an event of any known AWS service' in str(found)


def test_warnings_come_in_reading_order() -> None:
    """Several warnings about one rule stand in the order of the expression."""
    found = warnings_for('event.get("eventName") == "PassRole" and (\n  event.get("b") or event.get("a"))')
    assert [(warning.place.line, warning.place.column) for warning in found if warning.place] == [
        (1, 26),
        (2, 12),
        (2, 30),
    ]


@pytest.mark.parametrize("name", ["UpdateFunctionCode20150331v2", "CreateDistribution2020_05_31", "ConsoleLogin"])
def test_names_with_dates_are_known(name: str) -> None:
    """The API dates that Lambda and CloudFront add to event names are not mistakes."""
    assert is_known(name)


@pytest.mark.parametrize("name", ["", "Delete\nTrail", "A", "20150331v2", "ConsoleLogin\n"])
def test_names_that_are_none(name: str) -> None:
    """No part of the list of names is taken for a name."""
    assert not is_known(name)


def test_the_list_of_names_is_in_order() -> None:
    """The list is as its generator writes it: plain names, in order, each once."""
    names = Path(event_names.__file__).with_suffix(".txt").read_text("ascii").splitlines()
    assert names == sorted(set(names))
    assert all(name.isalnum() for name in names)
    assert len(names) > 15_000


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not part of the project")
def test_the_names_of_real_events_are_known() -> None:
    """Of the events of the corpus none has a name that a rule would be warned about, but placeholders."""
    with gzip.open(CORPUS, "rt") as lines:
        names = {json.loads(line)["event"].get("eventName") for line in lines}
    assert {name for name in names if isinstance(name, str) and not is_known(name)} <= {"bar", "...", "string"}


POINTS = {
    ("abc", SourceSpan(1, 1)): "    abc\n     ^",
    ("abc", SourceSpan(1, 0, 3)): "    abc\n    ^^^",
    ("a\nbcd", SourceSpan(2, 2, 9)): "    bcd\n      ^",
    ("\tab", SourceSpan(1, 1)): "        ab\n        ^",
    ("漢字a", SourceSpan(1, 1)): "    漢字a\n      ^^",
    ("e\u0301a", SourceSpan(1, 2)): "    e\u0301a\n     ^",
    ("a\x1b[31mb", SourceSpan(1, 6)): "    a\\x1b[31mb\n             ^",
    ("a\u202eb", SourceSpan(1, 2)): "    a\\u202eb\n           ^",
    ("abc", SourceSpan(9, 99)): "    abc\n       ^",
}


@pytest.mark.parametrize(("given_place", "shown"), POINTS.items())
def test_pointing(given_place: tuple[str, SourceSpan], shown: str) -> None:
    """The caret stands under the place, whatever is before it, and nothing invisible is shown as it is."""
    assert render_caret(*given_place) == shown


def test_pointing_into_a_long_line() -> None:
    """Of a long line a window of some hundred columns around the place is shown."""
    source, carets = render_caret("a" * 500 + "X" + "b" * 500, SourceSpan(1, 500)).split("\n")
    assert source[carets.index("^")] == "X"
    assert source.startswith("    …a")
    assert source.endswith("b…")
    assert len(source) <= 110


@settings(deadline=None)
@given(text=hostile_text(400), place=hostile_text(50).map(len))
def test_pointing_anywhere(text: str, place: int) -> None:
    """Any text can be shown: in two lines of bounded length, with nothing that acts."""
    shown = render_caret(text, SourceSpan(1, place, 10))
    source, carets = shown.split("\n")
    assert set(carets) == {" ", "^"}
    assert len(source) <= 400
    assert all(character.isprintable() or character == " " for character in source + excerpt(text))


FAULTS = {
    "an id": (
        {"rules": [{"id": "x", "expression": '"{}".format(event)'}]},
        (
            'rules[0].expression (id "x"): uses .format, which is not allowed in a rule; use an f-string\n'
            '    "{}".format(event)\n        ^^^^^^^'
        ),
    ),
    "several lines": (
        {"rules": ['event.get("a") and (\n  event.eventName == "x")']},
        (
            'rules[0]: uses event.eventName, and an event has keys; write event.get("eventName")\n'
            '      event.eventName == "x")\n           ^^^^^^^^^^'
        ),
    ),
    "an ignore rule": (
        {"ignore_rules": [{"id": "quiet", "expression": " open('x')", "reason": "r"}]},
        'ignore_rules[0].expression (id "quiet"): uses the name open, which is neither event nor one of ',
    ),
    "a hostile id": (
        {"rules": [{"id": "a\x1b\nb", "expression": "open"}]},
        'rules[0].expression (id "a\\x1b b"): uses',
    ),
    "no place": ({"rules": ["9" * 5000]}, "rules[0]: is not a Python expression"),
}


def _rule_faults(data: dict[str, object]) -> list[str]:
    """The issues of the rules of a configuration, as people read them."""
    config, _ = read_config(data)
    return [str(fault) for issue in config.rule_issues for fault in issue.details]


@pytest.mark.parametrize(("data", "fault"), FAULTS.values(), ids=FAULTS)
def test_faults_of_a_configuration(data: dict[str, object], fault: str) -> None:
    """A fault shows the rule, what is wrong, what to write instead, the line, and a caret under the place."""
    (found,) = _rule_faults(data)
    assert found.startswith(fault)


def test_a_comma_lost_to_the_separator() -> None:
    """When a joined text falls apart inside an expression, the separator is what to look at."""
    issues = _rule_faults({"rules": 'event.get("eventName", "") == "X"'})
    assert len(issues) == 2
    for fault in issues:
        assert 'it looks like half of an expression, for the string was split at ",": set rules_separator' in fault
    assert _rule_faults({"rules": 'event.get("eventName", "") == "X"', "rules_separator": ";"}) == []


@pytest.mark.parametrize("expression", ["event.get('a'", "'b')"])
def test_half_an_expression_in_a_list(expression: str) -> None:
    """In a list no separator parts anything, so it is not blamed."""
    (fault,) = _rule_faults({"rules": [expression]})
    assert "half of an expression" in fault
    assert "separator" not in fault


def test_as_many_warnings_as_are_asked_for() -> None:
    """Of a rule with very many mistakes only so many are looked for, for each takes time."""
    expression = f"event.get('eventName') in {[f'NoSuchCall{number}' for number in range(10_000)]!r}"
    assert len(warnings_for(expression, most=3)) == 3
