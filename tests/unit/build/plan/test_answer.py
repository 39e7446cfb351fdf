"""What Terraform gets from the program that checks rules and derives event patterns."""

import ast
import io
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack_build.plan.answer import answer_to, main

_PACKAGE = Path(__file__).parents[4] / "src"
_PROGRAM = _PACKAGE / "cloudtrail_to_slack_build" / "plan" / "program.py"


def _query(rules: list[Any], ignore_rules: list[Any] | None = None, **others: Any) -> dict[str, str]:
    """A query as Terraform makes it, with rules and ignore rules that stand in rules.yaml."""
    config = {"use_default_rules": False, "rules": rules, "ignore_rules": ignore_rules or [], **others}
    places = {
        "rules": [f"rules.yaml: rules[{number}]" for number in range(len(rules))],
        "ignore_rules": [f"rules.yaml: ignore_rules[{number}]" for number in range(len(ignore_rules or []))],
    }
    return {"config": json.dumps(config), "places": json.dumps(places), "separator": ","}


def _answer(*args: Any, **others: Any) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in answer_to(_query(*args, **others)).items()}


def test_a_configuration_is_answered() -> None:
    """Patterns and the names of rules that have none come as JSON, and nothing is wrong."""
    found = _answer(["event['eventName'] == 'DeleteTrail'", {"expression": "'x' in str(event)"}])
    assert [json.loads(pattern)["detail"] for pattern in found["patterns"]] == [{"eventName": ["DeleteTrail"]}]
    assert found["rules_without_event_pattern"] == ["'x' in str(event)"]
    assert found["errors"] == found["warnings"] == []


ERRORS: dict[str, tuple[Any, str]] = {
    "a syntax error": (
        {"id": "mine", "expression": "event.get('a') = 1"},
        'rules.yaml: rules[0].expression (id "mine"): is not a Python expression',
    ),
    "half an expression": ("event[", "rules.yaml: rules[0]: is not a Python expression"),
    "no expression": ({"id": "x"}, "rules.yaml: rules[0].expression: is missing: a rule needs an expression"),
    "a refused expression": ("().__class__", "rules.yaml: rules[0]: uses .__class__"),
    "a nested key": ("event['userIdentity']['arn'] == 'x'", "rules.yaml: rules[0]: reads a nested key"),
    "a misspelt key": (
        {"expression": "True", "severty": "high"},
        "rules.yaml: rules[0].severty: is not a known key; did you mean severity?",
    ),
    "a mistyped key": ({"expression": "True", "id": 7}, "rules.yaml: rules[0].id: must be "),
    "a severity": ({"expression": "True", "severity": "urgent"}, "rules.yaml: rules[0].severity: must be one of"),
    "a technique": ({"expression": "True", "mitre": ["T15"]}, "rules.yaml: rules[0].mitre: has 'T15'"),
    "no rule at all": (5, "rules.yaml: rules[0]: must be a string or an object"),
    "look-around": ("re_search('(?=a)', event.get('a'))", "RE2 has no look-around"),
    "a pattern": ("re_search('(', event.get('a'))", "is not an RE2 pattern"),
    "a network": ("ip_in(event.get('a'), '10.0.0.1/8')", "is not a network"),
    "too much": ("'a' * 10**9 == ''", "takes too much"),
}


@pytest.mark.parametrize(("rule", "message"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("with_re2", [True, False])
def test_what_the_function_cannot_use_is_an_error(
    rule: Any,
    message: str,
    with_re2: bool,  # noqa: FBT001 (what is installed)
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule with a mistake is an error with its place, one good rule beside it is none, with and without RE2."""
    if not with_re2:
        monkeypatch.setitem(sys.modules, "re2", None)
    found = _answer([rule, "event.get('eventName') == 'DeleteTrail'"])
    (error,) = found["errors"]
    assert message in error
    assert len(found["patterns"]) == 1
    assert found["warnings"] == []


def test_a_mistake_in_an_expression_is_pointed_at() -> None:
    """The message has the line of the expression, and a caret below the place."""
    (error,) = _answer(["event.get('a') == 1 and\nprint('x')"])["errors"]
    assert error.splitlines()[-2:] == ["    print('x')", "    ^^^^^"]


def test_ids_are_unique() -> None:
    """An id that is used twice, or that a default rule has, is an error at the later rule."""
    rules = [{"expression": "True", "id": name} for name in ("a", "b", "a", "default/access-denied")]
    found = _answer(rules, use_default_rules=True)
    assert [error.partition(":")[2] for error in found["errors"]] == [
        " rules[2].id: is 'a', and another rule has that id already",
        " rules[3].id: is 'default/access-denied', and another rule has that id already",
    ]


def test_ignore_rules_are_checked() -> None:
    """Mistakes in ignore rules are errors at their places, and so is an unknown id in disabled_rules."""
    ignore_rules = [{"expression": "True", "expires": "tomorrow"}, {"expression": "event["}, "False"]
    found = _answer(["True"], ignore_rules, disabled_rules=["default/acces-denied"])
    assert [error.splitlines()[0] for error in found["errors"]] == [
        "disabled_rules[0]: is 'default/acces-denied', and no rule has that id; did you mean default/access-denied?",
        "rules.yaml: ignore_rules[0].expires: must be a day such as 2027-01-31",
        (
            "rules.yaml: ignore_rules[1].expression: is not a Python expression ('[' was never closed);"
            " it looks like half of an expression"
        ),
    ]


def test_a_rule_split_at_the_separator_is_named_so() -> None:
    """What the separator left of a rule is an error that says so, for rules in one string alone."""
    query = _query(["event.get('a') in ['A'", "'B']"]) | {"joined": json.dumps({"rules": 1})}
    first, second = json.loads(answer_to(query)["errors"])
    assert 'the string was split at ",": set rules_separator' in first
    assert "parted" not in second


def test_an_expired_ignore_rule_is_a_warning() -> None:
    """An ignore rule whose last day is over is a warning; one whose last day is today is none."""
    today = date.today()  # noqa: DTZ011 (a day more or less does not matter to one of them)
    days = [today - timedelta(9), today + timedelta(2)]
    rule = 'event.get("userIdentity.sessionContext.sessionIssuer.arn") == "arn:aws:iam::111122223333:role/x"'
    found = _answer(["True"], [{"expression": rule, "id": f"i{day}", "expires": str(day)} for day in days])
    assert found["errors"] == []
    assert found["warnings"] == [
        f'rules.yaml: ignore_rules[0] (id "i{days[0]}"): expired on {days[0]}, so it no longer ignores anything'
    ]


SUSPICIOUS = {
    "no such event": ('event.get("eventName") == "PassRole"', "never appears in CloudTrail"),
    "no such field": ('event.get("eventname") == "DeleteTrail"', 'did you mean "eventName"?'),
    "over lines": ('event.get("eventName") == "DeleteTrail"\nor event.get("eventname") == "x"', "did you mean"),
}


@pytest.mark.parametrize(("expression", "message"), SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_is_only_suspicious_is_a_warning(expression: str, message: str) -> None:
    """A field or an event that AWS does not know is a warning at its place, with a caret."""
    found = _answer(["True", expression])
    (warning,) = found["warnings"]
    assert warning.startswith("rules.yaml: rules[1]: ")
    assert message in warning
    assert "^" in warning.splitlines()[-1]
    assert found["errors"] == []


def test_other_suspicious_things_are_warnings() -> None:
    """Names in events_to_track, ignore rules that look at what callers choose, and unknown keys of files are seen."""
    ignores = 'event.get("userIdentity.arn", "").endswith("/scanner")'
    query = _query(["True"], [{"expression": ignores, "id": "loose"}], events_to_track=["ConsoleLogn"])
    query["file_keys"] = json.dumps({"rules.yaml": ["rules", "rule", "x-common", "ignore_rules"]})
    warnings = json.loads(answer_to(query)["warnings"])
    assert [warning.splitlines()[0][:50] for warning in warnings] == [
        "rules.yaml: has the key 'rule', which no rule file",
        'events_to_track: looks for the event "ConsoleLogn"',
        'rules.yaml: ignore_rules[0] (id "loose"): looks at',
    ]


def test_many_messages_are_cut() -> None:
    """Of very many messages the first are shown, and how many more there are."""
    found = _answer([f"event[{number}" for number in range(50)] + ['event.get("eventname") == 1'] * 50)
    assert (len(found["errors"]), found["errors"][-1]) == (21, "and 30 more")
    assert len(found["warnings"]) == 20


def test_f_strings_that_an_older_python_cannot_read_are_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python is older than the function's, an f-string may be fine although it cannot be read."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 0, "final", 0))
    found = _answer(["f\"{event['a'\" == 'x'", "event["])
    assert [message[:35] for message in found["warnings"]] == ["rules.yaml: rules[0]: may be fine w"]
    assert [message[:35] for message in found["errors"]] == ["rules.yaml: rules[1]: is not a Pyth"]


@pytest.mark.parametrize("query", ["", "[]", "{}", '{"config": "{"}', '{"config": "[]"}', '{"config": 5}'])
def test_a_query_that_cannot_be_read_leaves_rules_unchecked(query: str) -> None:
    """Whatever goes wrong, the plan gets an answer that says that nothing is checked, and never a traceback."""
    answer = io.StringIO()
    assert main(io.StringIO(query), answer) == 0
    assert json.loads(answer.getvalue())["unchecked"].startswith("the check failed (")


@pytest.mark.parametrize("rules", [None, "event['a'] == 1, True", 5, {}, [None], [[]], [{"expression": None}]])
def test_any_rules_are_answered(rules: Any) -> None:
    """Rules of any shape are answered with errors at most."""
    query = {"config": json.dumps({"rules": rules})}
    assert set(answer_to(query)) == {"errors", "warnings", "patterns", "rules_without_event_pattern"}


def _old_pythons() -> list[str]:
    """Return a Python 3.9, or else whatever Python runs the tests."""
    found = [Path(folder) / "python3.9" for folder in os.get_exec_path()]
    found += sorted(Path.home().glob(".pyenv/versions/3.9*/bin/python3.9"))
    for path in found:
        if path.is_file() and subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode == 0:  # noqa: S603 (our own)
            return [str(path)]
    return [sys.executable]


@pytest.mark.parametrize("python", _old_pythons())
def test_the_oldest_python_answers_the_same(python: str) -> None:
    """On Python 3.9 without any package, the program itself gives the answer that is given here, but for patterns."""
    query = _query(
        ["event['eventName'] == 'DeleteTrail'", {"id": "x", "expression": "().__class__"}, 'event.get("eventname")',
         "re_search(r'^a\\\\z', event.get('userAgent'))", "re_search('(?<=a)b', event.get('userAgent'))"],
        [{"expression": "True", "expires": "2020-01-01"}],
        use_default_rules=True, function_name="alerter", events_to_track=["DeleteTrail"],
    )  # fmt: skip
    run = subprocess.run(  # noqa: S603 (our own program)
        [python, "-I", str(_PROGRAM)], input=json.dumps(query), capture_output=True, text=True, timeout=60, check=True
    )
    found, wanted = json.loads(run.stdout), answer_to(query)
    assert json.loads(found.pop("errors"))[0] == json.loads(wanted["errors"])[0]
    assert "RE2 has no look-around" in json.loads(wanted.pop("errors"))[1]
    assert found == wanted


def test_the_program_can_be_read_by_the_oldest_python_it_supports() -> None:
    """All that the program imports is Python 3.9, and its first file says to any Python 3 what is needed."""
    script = (
        f"import sys; sys.path.insert(0, {str(_PACKAGE)!r}); import cloudtrail_to_slack_build.plan.answer\n"
        "print(*[module.__file__ for name, module in sys.modules.items() if 'cloudtrail' in name], sep='\\n')"
    )
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 (our own program)
    paths = [Path(line) for line in run.stdout.splitlines()]
    assert len(paths) > 20
    for path in paths:
        ast.parse(path.read_text(), feature_version=(3, 9))
    ast.parse(_PROGRAM.read_text(), feature_version=(3, 0))
