"""The command `check`: every mistake with its place, a stable code, and what to write instead."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack_cli.check.codes import CODES
from support.command_line import Ran, cloudtrail_to_slack, write
from support.pages import blocks, first_column, page

_PAGE = page("docs/findings.md")
_CODES = [each.code for each in CODES]
_TESTED = "    tests: [{name: t, sample: delete-trail, expect: match}]\n"
_SOON = datetime.now(UTC).date() + timedelta(days=29)


def findings(ran: Ran) -> list[dict[str, Any]]:
    """Return the findings of a run with --format json."""
    found: list[dict[str, Any]] = json.loads(ran.out)["findings"]
    return found


def check(folder: Path, text: str, name: str = "rules.yaml") -> list[dict[str, Any]]:
    """Return the findings in a file of that text."""
    return findings(cloudtrail_to_slack("check", write(folder, name, text), "--format", "json"))


def rule(expression: str, more: str = "") -> str:
    """Return a rule file with one tested rule."""
    return f"rules:\n  - id: r\n    expression: {json.dumps(expression)}\n{_TESTED}{more}"


def ignore(expression: str, more: str = "") -> str:
    """Return a rule file with one ignore rule."""
    return f"ignore_rules:\n  - id: i\n    expression: {json.dumps(expression)}\n{more}"


BACKUP = 'event.get("userIdentity.invokedBy") == "backup.amazonaws.com"'
DELETE = 'event.get("eventName") == "DeleteTrail"'
SAME = 'event.get("eventName") in ["DeleteTrail"]'
# Code, rule file, line, column, message: every message that there is.
MESSAGES = [
    ("CT002", "- a\n", 1, 1, "must be an object with the lists `rules` and `ignore_rules`"),
    ("CT002", "rules:\n  a: b\n", 1, 1, "rules must be a list"),
    ("CT002", "rule: []\n", 1, 1, "has the key 'rule', which is not read; the keys are rules and ignore_rules"),
    ("CT002", "x-a: 1\n", 1, 1, "has neither `rules` nor `ignore_rules`"),
    ("CT002", "rules: []\nrules: []\n", 2, 1, "has the key 'rules' twice, and only the last one counts"),
    ("CT003", rule(DELETE, "    severty: high\n"), 5, 5, "severty is not a known key"),
    ("CT004", "rules:\n  - id: r\n", 2, 5, "is missing: a rule needs an expression"),
    ("CT004", "rules:\n  - expression: 3\n", 2, 5, "must be a Python expression, not a number"),
    ("CT004", "rules:\n  - 3\n", 2, 5, "must be a string or an object with an expression, not a number"),
    ("CT005", rule('event.get("eventName") = "X"'), 3, 43, "use == to compare"),
    ("CT005", rule('event.get("eventName"'), 3, 27, "looks like half of an expression"),
    ("CT006", rule('event["userIdentity"]["arn"] == "X"'), 3, 18, 'write event["userIdentity.arn"]'),
    ("CT006", rule('open("/etc/passwd").read() == "X"'), 3, 1, "uses .read, which is not a method"),
    ("CT007", rule(DELETE, "    severity: urgent\n"), 5, 5, "severity must be one of info, low, medium"),
    ("CT007", rule(DELETE, "    runbook_url: wiki\n"), 5, 5, "runbook_url must be an http(s) address"),
    ("CT007", rule(DELETE, "    mitre: [X1]\n"), 5, 5, "which is not a technique such as T1562.008"),
    ("CT007", rule(DELETE, "    title: [a]\n"), 5, 5, "title must be"),
    ("CT007", ignore(BACKUP, "    expires: tomorrow\n"), 4, 5, "expires must be a day such as 2027-01-31"),
    ("CT007", ignore(BACKUP, "    expires: 2097-01-31\n"), 4, 5, 'expires must be quoted, or Terraform reads it as'),
    ("CT008", rule(DELETE, "  - {id: r, expression: 'event.get(\"eventName\") == \"X\"'}\n"), 5, 6, "another rule has"),
    ("CT010", rule('event.get("eventname") == "X"'), 3, 28, 'did you mean "eventName"?'),
    ("CT010", rule('event.get("userIdentity.username") == "X"'), 3, 28, 'did you mean "userIdentity.userName"?'),
    ("CT010", rule('event.get("eventName.x") == "X"'), 3, 28, "eventName has no fields of its own"),
    ("CT011", rule('event.get("eventName") == "PassRole"'), 3, 46, "never appears in CloudTrail"),
    ("CT011", rule('event.get("eventName") == "StopLoging"'), 3, 46, "did you mean StopLogging?"),
    ("CT012", rule('event.get("eventName") == "CreateFunction"'), 3, 46, 'use .startswith("CreateFunction")'),
    ("CT013", rule(f'{DELETE} and event.get("eventName") == "StopLogging"'), 3, 66, "can never match"),
    ("CT013", rule("1 == 2"), 3, 18, "can never match: its value is always False"),
    ("CT013", rule(f'{DELETE} or ({BACKUP} and event.get("userIdentity.invokedBy") is None)'), 3, 1, "part that"),
    ("CT013", rule(f'{DELETE} and event.get("eventSource") == "iam.amazonaws.com"'), 3, 66, "is an event of cloud"),
    ("CT014", rule(f"{DELETE} and {BACKUP}", ignore(BACKUP)), 3, 5, "never alerts: the ignore rule i"),
    ("CT015", rule(DELETE, f"  - {{id: s, expression: '{SAME}'}}\n"), 5, 13, "says the same as r"),
    ("CT015", ignore(BACKUP, f"  - {{id: s, expression: '{BACKUP}'}}\n"), 4, 13, "says the same as i"),
    ("CT016", ignore(BACKUP, '    expires: "2020-01-31"\n'), 4, 5, "expired on 2020-01-31"),
    ("CT017", ignore(BACKUP, f'    expires: "{_SOON}"\n'), 4, 5, f"expires on {_SOON}: after that day"),
    ("CT018", f"rules:\n  - {DELETE}\n", 2, 5, "has no test; add `tests`"),
    ("CT018", f"rules:\n  - expression: {DELETE}\n    tests: []\n", 2, 5, "has no test"),
    ("CT019", ignore('event.get("userAgent") == "x"'), 3, 18, "which every caller can choose"),
    ("CT020", f"rules:\n  - expression: {DELETE}\n    tests: [{{sample: x, expect: match}}]\n", 3, 14, "no sample 'x'"),
    ("CT020", f"rules:\n  - expression: {DELETE}\n    tests: a\n", 3, 5, "tests must be a list"),
    ("CT021", rule('event.get("errorCode")'), 3, 18, 'write event.get("errorCode") is not None'),
    ("CT021", rule('"text"'), 3, 1, "gives 'text', and a rule must give True or False"),
    ("CT021", rule('str(event.get("errorCode"))'), 3, 18, "gives what str(…) gives"),
    ("CT021", rule('event["a"] + event["b"]'), 3, 1, "compare it with something"),
    ("CT022", "rules:\n  - expression: 'True'\n", 2, 18, "matches every event"),
    ("CT022", ignore("1 == 1"), 3, 18, "ignores every event"),
    ("CT040", f"rules:\n  - {DELETE}  # noqa: CT018\n", 2, 46, "has no reason; write # noqa: CT018 and why"),
    ("CT040", f"rules:\n  - {DELETE}  # noqa\n", 2, 46, "names no code"),
    ("CT040", f"rules:\n  - {DELETE}  # noqa: CT999 why not\n", 2, 46, "names CT999, which is not a code"),
    ("CT040", f"rules:\n  - {DELETE}  # noqa: CT001 why not\n", 2, 46, "names CT001, which is not a code that can be"),
    ("CT041", rule(DELETE, "    # noqa: CT010 why not\n"), 5, 5, "suppresses CT010, and there is no such finding"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "line", "column", "message"), MESSAGES)
def test_every_mistake_is_found_with_its_place(
    tmp_path: Path, code: str, text: str, line: int, column: int, message: str
) -> None:
    """Each mistake has its code, its message, and its line; and the column, where it says something."""
    found = [each for each in check(tmp_path, text) if each["code"] == code and message in each["message"]]
    assert len(found) == 1, check(tmp_path, text)
    assert found[0]["line"] == line
    assert found[0]["column"] == column or column == 1


@pytest.mark.parametrize("code", _CODES)
def test_every_code_is_documented_with_an_example(tmp_path: Path, code: str) -> None:
    """Each code has a section; its wrong example has the finding, and its right one has not."""
    section = re.search(rf"^## {code}\n(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert section
    shown = blocks(section[1], "yml")
    if code not in ("CT001", "CT017", "CT030"):  # an unreadable file, a day that comes, a configuration
        wrong, right = shown
        assert code in {each["code"] for each in check(tmp_path, wrong)}
        assert code not in {each["code"] for each in check(tmp_path, right)}


def test_the_table_of_codes_is_complete() -> None:
    """The table has every code with its level and meaning."""
    rows = re.findall(r"^\| \[(\w+)\]\(#\w+\) \| (\w+) \| (.*) \|$", _PAGE, re.MULTILINE)
    assert rows == [(each.code, each.level, each.meaning) for each in CODES]
    assert first_column(_PAGE) == []


@pytest.mark.parametrize(
    "expression",
    [
        DELETE,
        f'{DELETE} and event.get("errorCode") is None',
        'event.get("eventName") in ("DeleteTrail", "StopLogging") and event.get("eventName") != "StopLogging"',
        'event.get("readOnly") or event["managementEvent"]',
        'event.get("errorCode", False) is not False and event.get("errorCode") is not None',
        'event["requestParameters.publiclyAccessible"]',
        'event.get("errorCode") is None and str(event.get("errorCode")).startswith("None")',
        'any(value == "0.0.0.0/0" for key, value in event.items() if key.startswith("requestParameters"))',
        'bool(event.get("errorCode"))',
        f"({DELETE}) if {BACKUP} else ({BACKUP} is False)",
    ],
)
def test_what_is_right_has_no_finding(tmp_path: Path, expression: str) -> None:
    """A rule that can match, reads what exists and gives a boolean is clean: exit code 0."""
    ran = cloudtrail_to_slack("check", write(tmp_path, "rules.yaml", rule(expression)))
    assert (ran.code, ran.out) == (0, "no findings (1 rule in 1 file)\n")


@pytest.mark.parametrize(
    ("ignoring", "shadowed"),
    [
        (BACKUP, True),
        (f'{BACKUP} or event.get("eventName") == "X"', True),
        (f"{BACKUP} and {DELETE}", True),
        ('event.get("eventName") in ("DeleteTrail", "X")', True),
        ('str(event.get("eventName")).startswith("Delete")', True),
        ('event.get("eventName") != "StopLogging"', True),
        (f'{BACKUP} and event.get("awsRegion") == "eu-west-1"', False),
        ('str(event.get("eventName")).startswith("Create")', False),
        ('event.get("awsRegion") == "eu-west-1"', False),
        ('event["eventName"] == 1', False),
    ],
)
def test_shadowing_is_claimed_only_where_it_is_certain(tmp_path: Path, ignoring: str, shadowed: bool) -> None:  # noqa: FBT001
    """A rule is shadowed where each of its matches fulfils the ignore rule, whatever else the event holds."""
    found = check(tmp_path, rule(f"{DELETE} and {BACKUP}", ignore(ignoring)))
    assert ("CT014" in {each["code"] for each in found}) is shadowed


def test_an_expired_ignore_rule_shadows_nothing(tmp_path: Path) -> None:
    """An ignore rule that has expired is found as such, and not as one that shadows a rule."""
    found = check(tmp_path, rule(f"{DELETE} and {BACKUP}", ignore(BACKUP, '    expires: "2020-01-31"\n')))
    assert [each["code"] for each in found] == ["CT016"]


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("expression: event.get('eventname') == 'X'", 27),
        ("expression: \"event.get('eventname') == 'X'\"", 28),
        ("expression: >-\n      event.get('awsRegion') == 'x'\n      and event.get('eventname') == 'X'", 21),
        ("expression: |\n\n      event.get('awsRegion') == 'x'\n      and event.get('eventname') == 'X'\n", 21),
        ("expression: event.get('awsRegion') == 'x'\n      and event.get('eventname') == 'X'", 21),
        ('expression: \'event.get("eventname") == "X"\'', 28),
    ],
)
def test_the_place_is_right_however_yaml_writes_the_expression(tmp_path: Path, written: str, column: int) -> None:
    """Plain, quoted, folded and literal expressions: the caret is under the field, in the line of the file."""
    path = write(tmp_path, "rules.yaml", f"rules:\n  - id: r\n    {written}\n{_TESTED}")
    (found,) = findings(cloudtrail_to_slack("check", path, "--format", "json"))
    line = path.read_text().splitlines()[found["line"] - 1]
    assert line[found["column"] - 1 : found["end_column"] - 1] in ("'eventname'", '"eventname"')
    assert found["column"] == column
    shown = cloudtrail_to_slack("check", path).out.splitlines()
    assert shown[2].rstrip() == " " * (4 + column - 1) + "^" * 11


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: CT018 tested in Python",
        "# noqa CT018: tested in Python",
        "# NOQA: ct018, CT010 -- why",
        "# noqa: CT018 (why)",
    ],
)
def test_a_reason_suppresses_a_finding(tmp_path: Path, comment: str) -> None:
    """A comment with a code and a reason, beside a rule, in it or above it, suppresses the finding."""
    expression = 'event.get("eventname") == "X"' if "CT010" in comment else DELETE
    for text in (
        f"rules:\n  - expression: {expression}  {comment}\n",
        f"rules:\n  {comment}\n  - expression: {expression}\n",
        f"rules:\n  - id: r\n    {comment}\n    expression: {expression}\n",
    ):
        ran = cloudtrail_to_slack("check", write(tmp_path, "rules.yaml", text), "--format", "json")
        assert ran.code == 0
        (suppressed, *_) = json.loads(ran.out)["suppressed"]
        assert suppressed["reason"].startswith(("tested in Python", "why"))


def test_a_suppression_is_about_one_rule(tmp_path: Path) -> None:
    """The next rule keeps its findings."""
    text = f"rules:\n  - expression: {DELETE}  # noqa: CT018 why\n  - expression: event.get('eventName') == 'X'\n"
    found = check(tmp_path, text)
    assert [(each["code"], each["line"]) for each in found if each["code"] == "CT018"] == [("CT018", 3)]


def test_ids_are_unique_in_all_files(tmp_path: Path) -> None:
    """Two files with a rule of one id: the second is a finding that names the first."""
    first = write(tmp_path, "a.yaml", rule(DELETE))
    write(tmp_path, "b.yaml", rule('event.get("eventName") == "StopLogging"'))
    (found,) = findings(cloudtrail_to_slack("check", tmp_path, "--format", "json"))
    assert found["code"] == "CT008"
    assert f"r ({first}:2) has that id already" in found["message"]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("rules.yaml", "rules:\n  - a: b: c\n", "2:9"),
        ("rules.json", '{"rules": [\n  x]}', "2:3"),
        ("rules.yaml", "rules: &a [*b]", "1:12"),
        ("rules.yaml", "rules: !!python/object:os.system {}", "1:8"),
    ],
)
def test_an_unreadable_file_is_code_three(tmp_path: Path, name: str, text: str, place: str) -> None:
    """A file that is neither YAML nor JSON is a finding with its place, and the exit code is 3."""
    path = write(tmp_path, name, text)
    ran = cloudtrail_to_slack("check", path, "--format", "json")
    assert ran.code == 3
    (found,) = findings(ran)
    assert (found["code"], f"{found['line']}:{found['column']}") == ("CT001", place)
    assert f"{path}:{place}: is not" in ran.err
    assert cloudtrail_to_slack("check", tmp_path / "missing.yaml").code == 3
    assert cloudtrail_to_slack("check", "--format", "xml").code == 2


def test_a_file_that_is_not_utf8_is_unreadable(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 cause no traceback."""
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"rules: \xff")
    ran = cloudtrail_to_slack("check", path)
    assert ran.code == 3
    assert "is not UTF-8" in ran.out


def test_annotations_for_github(tmp_path: Path) -> None:
    """--format github prints one command a finding, with everything escaped that ends a part of it."""
    path = write(tmp_path, "a,b:c.yaml", rule('event.get("eventname") == "X"'))
    ran = cloudtrail_to_slack("check", path, "--format", "github")
    assert ran.code == 1
    name = str(path).replace(",", "%2C").replace(":", "%3A")
    assert ran.out.startswith(f"::warning file={name},line=3,col=28,endColumn=41,title=CT010 unknown-field::reads ")


def test_sarif_for_code_scanning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--format sarif: every code as a rule, findings with relative paths and regions, suppressed ones with a reason."""
    monkeypatch.chdir(tmp_path)
    path = write(
        tmp_path, "my rules/a.yaml", f"rules:\n  - {DELETE}  # noqa: CT018 why\n  - event.get('eventname') == 'X'\n"
    )
    sarif = json.loads(cloudtrail_to_slack("check", path, "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    run = sarif["runs"][0]
    assert [each["id"] for each in run["tool"]["driver"]["rules"]] == _CODES
    by_code = {each["ruleId"]: each for each in run["results"] if "suppressions" not in each}
    place = by_code["CT010"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20rules/a.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 15, "endColumn": 26}
    assert run["tool"]["driver"]["rules"][by_code["CT010"]["ruleIndex"]]["id"] == "CT010"
    (suppressed,) = (each for each in run["results"] if "suppressions" in each)
    assert suppressed["suppressions"] == [{"kind": "inSource", "justification": "why"}]


CONFIG = {
    "function_name": "cloudtrail-to-slack",
    "use_default_rules": True,
    "rules": [{"id": "a", "expression": 'event.get("eventname") == "X"'}],
    "ignore_rules": [],
    "slack": {"default_channel_id": "C1", "routes": [{"accounts": ["1"], "slack_channel_id": "C2"}]},
}


@pytest.mark.parametrize("dump", [json.dumps, lambda config: json.dumps(json.dumps(config))])
def test_a_configuration_is_checked(tmp_path: Path, dump: Any) -> None:
    """--config checks settings and rules of rendered_config, raw or as JSON; rules in it need no tests."""
    ran = cloudtrail_to_slack("check", "--config", write(tmp_path, "rendered", dump(CONFIG)), "--format", "json")
    assert ran.code == 1
    assert [each["code"] for each in findings(ran)] == ["CT010", "CT030"]
    assert "slack.routes[0].accounts" in findings(ran)[1]["message"]
    assert {each["file"] for each in findings(ran)} == {str(tmp_path / "rendered")}


def test_rules_in_one_string_are_checked(tmp_path: Path) -> None:
    """Rules that the separator joins are checked one by one; a rule that repeats a default rule is found."""
    stop = 'event.get("eventSource") == "cloudtrail.amazonaws.com" and event.get("eventName") == "StopLogging"'
    config = {"rules_separator": "|", "rules": f'{stop}|event.get("eventname") == "X"'}
    path = write(tmp_path, "config.json", json.dumps(config))
    found = findings(cloudtrail_to_slack("check", "--config", path, "--format", "json"))
    assert {each["code"] for each in found} == {"CT010", "CT015"}
    config["use_default_rules"] = "false"
    path.write_text(json.dumps(config))
    found = findings(cloudtrail_to_slack("check", "--config", path, "--format", "json"))
    assert {each["code"] for each in found} == {"CT010"}


def test_a_plan_is_checked(tmp_path: Path) -> None:
    """--terraform-plan finds the configuration in a plan as JSON, once; without one the exit code is 3."""
    rendered = json.dumps(CONFIG)
    plan = {
        "planned_values": {
            "root_module": {"child_modules": [{"resources": [{"values": {"source_content": rendered}}]}]}
        },
        "resource_changes": [{"change": {"after": {"source_content": rendered}}}],
    }
    path = write(tmp_path, "plan.json", json.dumps(plan))
    ran = cloudtrail_to_slack("check", "--terraform-plan", path, "--format", "json")
    assert ran.code == 1
    assert [each["code"] for each in findings(ran)] == ["CT010", "CT030"]
    assert findings(ran)[0]["file"] == f"{path} (cloudtrail-to-slack)"
    for text, problem in (("{}", "contains no configuration"), ("PK\x03", "is not a plan as JSON")):
        ran = cloudtrail_to_slack("check", "--terraform-plan", write(tmp_path, "other.json", text))
        assert ran.code == 3
        assert problem in ran.err
    assert (
        "gone.json: cannot be read: No such file" in cloudtrail_to_slack("check", "--terraform-plan", "gone.json").err
    )
    path.write_text(json.dumps(plan), "utf-16")  # as Windows PowerShell redirects it
    assert cloudtrail_to_slack("check", "--terraform-plan", path).code == 1


def test_rule_files_are_checked_beside_a_configuration(tmp_path: Path) -> None:
    """Paths and --config together: an ignore rule of the configuration shadows a rule of a file."""
    config = write(tmp_path, "config.json", json.dumps({"ignore_rules": [BACKUP]}))
    path = write(tmp_path, "rules.yaml", rule(f"{DELETE} and {BACKUP}"))
    found = findings(cloudtrail_to_slack("check", path, "--config", config, "--format", "json"))
    assert [(each["code"], each["file"]) for each in found] == [("CT014", str(path))]


def test_hostile_text_reaches_no_terminal(tmp_path: Path) -> None:
    """Control characters in a rule are shown as escapes."""
    ran = cloudtrail_to_slack("check", write(tmp_path, "rules.yaml", rule("event.get('\x1b[31m\u202e') == 'X'")))
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
