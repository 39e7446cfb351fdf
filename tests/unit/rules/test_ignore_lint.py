"""Ignore rules that an attacker can use to stay unseen are warned about."""

import json
import re
from pathlib import Path

import pytest
import yaml

from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack.rules.lint.linter import warnings_for

ROOT = Path(__file__).resolve().parents[3]
ARN, ISSUER = "userIdentity.arn", "userIdentity.sessionContext.sessionIssuer.arn"
ROLE = "arn:aws:iam::111122223333:role/vulnerability-scanner"
SESSION = "arn:aws:sts::111122223333:assumed-role/vulnerability-scanner/"

# The expression, and what of it is pointed at (its beginning).
LOOSE = {
    f'event.get("{ARN}", "").endswith("/scanner")': "looks at the end of",
    f'str(event.get("{ARN}")).endswith(("/scanner", "/other"))': "looks at the end of",
    f'event["{ARN}"].lower().endswith("/scanner")': "looks at the end of",
    f'(event.get("{ARN}") or "").endswith("/scanner")': "looks at the end of",
    f'any(str(event.get("{ARN}")).endswith(name) for name in ("/a", "/b"))': "looks at the end of",
    f'"scanner" in str(event.get("{ARN}"))': "looks for a part of",
    f'"/AWSControlTowerExecution/" in event.get("{ARN}", "")': "looks for a part of",
    f'event.get("{ARN}", "").split("/")[-1] == "scanner"': "compares a part of",
    f'"scanner" == event["{ARN}"].rsplit("/", 1)[1]': "compares a part of",
    f'event["{ARN}"].split("/")[1] in ("a", "b")': "compares a part of",
    f'event["{ARN}"].rpartition("/")[2] == "scanner"': "compares a part of",
    f'event.get("{ARN}", "")[-8:] == "/scanner"': "compares a part of",
    f'event.get("{ARN}", "").find("scanner") > 0': "looks for a part of",
    f'event.get("{ARN}", "").endswith("/scanner") is True': "looks at the end of",
    f'event.get("{ARN}", "").startswith("arn:aws:sts::")': "looks at the beginning of",
    f'event.get("{ARN}", "").startswith("{SESSION[:-1]}")': "looks at the beginning of",
    f're_search("scanner", event.get("{ARN}"))': "uses re_search on",
    f're_search("^arn:.*/scanner$", event.get("{ARN}"))': "uses re_search on",
    f're_search("{SESSION}", event.get("{ARN}"))': "uses re_search on",
    f're_search("^{SESSION}|scanner", event.get("{ARN}"))': "uses re_search on",
    f're_match("arn:aws:sts::[0-9]+:assumed-role/.*/scanner", event.get("{ARN}"))': "uses re_match on",
    f're_fullmatch("arn:aws:sts::111122223333:assumed-role/[a-z]+/scanner", event.get("{ARN}"))': "uses re_fullmatch",
    f'glob("*/scanner", event.get("{ARN}"))': "uses glob on",
    f'glob("arn:aws:sts::*:assumed-role/scanner/*", event.get("{ARN}"))': "uses glob on",
    'event.get("userIdentity.principalId", "").endswith(":scanner")': "looks at the end of",
    'event["userIdentity.principalId"].split(":")[1] == "scanner"': "compares a part of",
    f'event.get("{ISSUER}", "").endswith(":role/scanner")': "looks at the end of",
    'event.get("userAgent") == "scanner"': 'ignores by "userAgent", which every caller can choose',
    'event.get("userAgent", "").startswith("scanner/")': "which every caller can choose",
    '"scanner" in event.get("userAgent", "")': "which every caller can choose",
    'event.get("userAgent") in ("a", "b")': "which every caller can choose",
    'event.get("requestParameters.roleSessionName") == "scanner"': "which every caller can choose",
    'event.get("userIdentity.sessionContext.sourceIdentity") == "scanner"': "which every caller can choose",
    'event.get("sourceIPAddress", "").endswith(".amazonaws.com")': "use ip_in(…) for addresses",
    'event.get("sourceIPAddress", "").startswith("10.")': "use ip_in(…) for addresses",
    're_search("scanner", event.get("sourceIPAddress"))': "use ip_in(…) for addresses",
    'event.get("userIdentity.userName") == "scanner"': "a name that other accounts may have too",
    'event.get("userIdentity.sessionContext.sessionIssuer.userName") == "x"': "a name that other accounts may have too",
    'any("scanner" in str(value) for value in event.values())': "searches all values of an event",
    '"scanner" in str(event)': "searches all values of an event",
    '"scanner" in event.values()': "searches all values of an event",
    f'event.get("eventName") == "ListBuckets" and event.get("{ARN}", "").endswith("/scanner")': "looks at the end of",
    f'event.get("{ISSUER}") == "{ROLE}" or event.get("userAgent") == "x"': "which every caller can choose",
    f'event.get("{ISSUER}") != "{ROLE}" and event.get("userAgent") == "x"': "which every caller can choose",
    f'True if event.get("{ARN}", "").endswith("x") else event.get("userAgent") == "x"': "which every caller can choose",
}

TIGHT = (
    f'event.get("{ISSUER}") == "{ROLE}"',
    f'"{ROLE}" == event["{ISSUER}"]',
    f'event.get("{ISSUER}") in ("{ROLE}", "{ROLE}-2")',
    f'str(event.get("{ISSUER}")).lower() == "{ROLE}"',
    f'event.get("{ARN}") == "arn:aws:iam::111122223333:user/scanner"',
    f'event.get("{ARN}", "").startswith("{SESSION}")',
    f're_match("{SESSION}", event.get("{ARN}"))',
    f're_search("^{SESSION}", event.get("{ARN}"))',
    f'glob("{SESSION}*", event.get("{ARN}"))',
    rf're_fullmatch(r"arn:aws:iam::\d{{12}}:role/AWSControlTowerExecution", event.get("{ISSUER}"))',
    rf're_search(r"^arn:aws:iam::\d{{12}}:role/AWSControlTowerExecution$", event.get("{ISSUER}"))',
    f'event.get("{ISSUER}") == "{ROLE}" and "scanner" in event.get("userAgent", "")',
    f'event.get("{ISSUER}") == "{ROLE}" and event.get("{ARN}", "").endswith("/nightly")',
    'event["userIdentity.principalId"].split(":")[0] == "AROAEXAMPLE"',
    'event.get("userIdentity.invokedBy") == "config.amazonaws.com" and "x" in str(event.get("userAgent"))',
    'event.get("eventName") == "ListBuckets"',
    'event.get("errorCode", "").startswith("AccessDenied") and event.get("eventName") in ("A", "B")',
    'event.get("sourceIPAddress") == "config.amazonaws.com"',
    'ip_in(event.get("sourceIPAddress"), "203.0.113.0/24")',
    f'not event.get("{ARN}", "").endswith("/scanner")',
    f'"scanner" not in str(event.get("{ARN}"))',
    'event.get("requestParameters.bucketName", "").endswith("-public")',
    "any(key.startswith('requestParameters.') for key in event)",
    "False",
)


def loose(expression: str) -> list[str]:
    """What the lint says of an ignore rule beyond what it says of any rule."""
    plain = [str(warning) for warning in warnings_for(expression)]
    return [str(warning) for warning in warnings_for(expression, ignores=True) if str(warning) not in plain]


@pytest.mark.parametrize(("expression", "message"), LOOSE.items())
def test_what_an_attacker_can_fulfil_is_warned_about(expression: str, message: str) -> None:
    """A condition on a part of a name, or on what every caller chooses, is warned about with its place."""
    compile_expression(expression)
    found = loose(expression)
    assert any(message in warning for warning in found), found
    assert all(warning.place for warning in warnings_for(expression, ignores=True))


@pytest.mark.parametrize("expression", TIGHT)
def test_what_fixes_the_caller_is_not_warned_about(expression: str) -> None:
    """A rule that compares a whole ARN, or depends on nothing that is chosen, is not warned about."""
    compile_expression(expression)
    assert loose(expression) == []


@pytest.mark.parametrize("expression", LOOSE)
def test_rules_that_raise_alerts_are_not_warned_about(expression: str) -> None:
    """The same condition in a rule that raises alerts hides nothing."""
    assert not [warning for warning in warnings_for(expression) if "which every caller" in str(warning)]


ODD = ("event", "any()", "bool()", "re_search(*event)", "str()", "len(event) == 1 == 1",
       "event.get('userAgent').find()",
       "'a' in {x: 1 for x in event}", "[x for x in event.items() if x]", "event['userAgent'][0][0]", "1 < 2 < 3",
       "event.get('userIdentity.principalId').split()[0] == 'x'", "glob(event['userAgent'], event['userIdentity.arn'])",
       "event.get('userIdentity.arn', '').startswith(event['userAgent'])")  # fmt: skip


@pytest.mark.parametrize("expression", ODD)
def test_odd_expressions_are_looked_into(expression: str) -> None:
    """An expression that is allowed and makes little sense gets warnings or none, and no error."""
    assert isinstance(loose(expression), list)


def documented_ignore_rules() -> list[str]:
    """The ignore rules that documentation, examples and tests show as good."""
    rules_page = (ROOT / "docs" / "rules.md").read_text()
    section = rules_page.partition("## Ignore rules")[2].partition("\n## ")[0]
    found = re.findall(r"```python\n(.*?)\n```", section, re.DOTALL)
    found += [json.loads(text)["expression"] for text in re.findall(r'^\{"expression".*\}$', rules_page, re.MULTILINE)]
    files = [rules_page.partition("```yml\n")[2].partition("```")[0], (ROOT / "tests/rule_files/good.yaml").read_text()]
    found += [rule["expression"] for text in files for rule in yaml.safe_load(text)["ignore_rules"]]
    for example in sorted((ROOT / "examples").glob("*/main.tf")):
        block = re.findall(r"detection_ignore_rules = \[(.*?)\n  \]", example.read_text(), re.DOTALL)
        found += re.findall(r'expression = "(.*)"', "".join(block))
    demo = json.loads((ROOT / "src/cloudtrail_to_slack_dev/demo/demo_config.json").read_text())
    return found + [rule["expression"] for rule in demo["ignore_rules"]]


def test_our_own_ignore_rules_open_no_hole() -> None:
    """What documentation, examples and the demo show as ignore rules is not warned about."""
    shown = documented_ignore_rules()
    assert len(shown) >= 7
    assert {expression: loose(expression) for expression in shown if loose(expression)} == {}
