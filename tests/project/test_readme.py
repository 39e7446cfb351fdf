"""The documentation says what the code does."""

import json
import re
import tomllib

import pytest
import yaml

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.config.loader import KEYS, read_config
from cloudtrail_to_slack.config.settings import VARIABLES
from cloudtrail_to_slack.delivery.results import Outcome
from cloudtrail_to_slack.destinations.sns.render import alert_body
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.observability.metrics import METRICS
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.expressions.compile import FUNCTIONS, compile_expression
from cloudtrail_to_slack.rules.packs import default_rules
from support.app_environment import record
from support.pages import ROOT, blocks, first_column, page

_README = page("README.md")
_RULES = page("docs/rules.md")


def _section(text: str, title: str) -> str:
    """Return the text under a heading, up to the next heading of its level or above."""
    level, below = re.findall(rf"^(#+) {re.escape(title)}\n(.*)", text, re.MULTILINE | re.DOTALL)[0]
    return str(re.split(rf"^#{{1,{len(level)}}} ", below, flags=re.MULTILINE)[0])


def test_the_readme_is_short() -> None:
    """The README has at most 200 lines; everything else has a page in docs/."""
    assert len(_README.splitlines()) <= 200


def test_every_setting_is_documented_and_no_other() -> None:
    """The tables of settings list exactly the keys of config.json and the environment variables that are read."""
    assert sorted(first_column(page("docs/configuration.md"))) == sorted([*KEYS, *VARIABLES])


def test_the_default_rules_are_documented_with_their_severities() -> None:
    """The table of default rules lists their ids in order, and their severities."""
    rows = re.findall(r"^\| `([a-z/-]+)` \|.*\| (\w+) \|$", _section(_RULES, "Default rules"), re.MULTILINE)
    assert rows == [(rule.id, rule.severity.word) for rule in default_rules("f")]


def test_every_key_of_an_sns_body_is_documented() -> None:
    """The table of SNS keys lists exactly the keys of a body."""
    insight = record(insightDetails={"state": "Start"}, sharedEventID="shared", addendum={"reason": "DELIVERY_DELAY"})
    stopped = record(eventName="StopLogging", eventSource="cloudtrail.amazonaws.com", errorCode=None, errorMessage=None)
    bodies = [
        alert_body(
            make_alert(read_event(each), (Rule("True", mitre=("T1562.008",)),), None, account_name="prod"), "note"
        )
        for each in (insight, stopped)
    ]
    assert sorted(first_column(_section(page("docs/messages.md"), "In SNS"))) == sorted(
        {key for body in bodies for key in json.loads(body)}
    )


def test_every_metric_is_documented() -> None:
    """The tables of metrics list exactly the metrics that are emitted."""
    delivery = [outcome.value for outcome in Outcome]
    expected = [*METRICS.values(), *delivery, "AlertsUndelivered", "DeliveryLatency", "RecordsIgnoredByRule"]
    assert sorted(first_column(page("docs/metrics.md"))) == sorted(
        [*expected, "TotalAccessDeniedEvents", "TotalIgnoredAccessDeniedEvents"]
    )


def test_the_functions_of_rules_are_documented() -> None:
    """The page on rules lists exactly the functions a rule may use."""
    (listed,) = re.findall(r"<!-- functions -->(.*)<!-- /functions -->", _RULES)
    assert re.findall(r"`(\w+)`", listed) == sorted(FUNCTIONS)


@pytest.mark.parametrize("expression", [*blocks(_README, "python"), *blocks(_RULES, "python")])
def test_every_example_of_a_rule_compiles(expression: str) -> None:
    """What the README and the page on rules show as a rule is one."""
    compile_expression(expression)


def test_the_examples_of_rule_objects_are_valid() -> None:
    """The JSON examples are a rule, an ignore rule and a configuration with an exception, without issues."""
    rule, ignore_rule, exception = map(json.loads, blocks(_RULES, "json"))
    config, issues = read_config({"rules": [rule], "ignore_rules": [ignore_rule], **exception})
    assert (issues, config.rule_issues) == ([], ())
    assert config.rules[-1].id == rule["id"]
    assert config.ignore_rules[0].reason == ignore_rule["reason"]


def test_the_app_manifest_asks_for_one_scope() -> None:
    """The manifest is YAML and asks for chat:write alone."""
    (manifest,) = map(yaml.safe_load, blocks(_README, "yaml"))
    assert manifest["oauth_config"]["scopes"]["bot"] == ["chat:write"]


def test_every_module_has_its_place_in_the_architecture() -> None:
    """The table of modules names every module and folder of the package."""
    package = ROOT / "src" / "cloudtrail_to_slack"
    there = {path.name + ("/" if path.is_dir() else "") for path in package.iterdir()}
    named = first_column(_section(page("docs/architecture.md"), "Modules"))
    assert sorted(named) == sorted(there - {"__init__.py", "__pycache__/", "py.typed"})


def test_the_commands_of_the_readme_exist() -> None:
    """The README shows two commands, to see it run and to test it, and both are targets with a help text."""
    makefile = (ROOT / "Makefile").read_text()
    commands = re.findall(r"^make (\w+)$", _README, re.MULTILINE)
    assert commands == ["demo", "test"]
    assert all(re.search(rf"^{command}:.*## ", makefile, re.MULTILINE) for command in commands)


def test_what_the_lambda_carries_is_pinned_with_hashes() -> None:
    """requirements.txt pins every dependency of the package, hash by hash, and neither boto3 nor an index."""
    requirements = (ROOT / "requirements.txt").read_text()
    pinned = re.findall(r"^([a-z0-9-]+)==\S+ .*\\\n    --hash=sha256:", requirements, re.MULTILINE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {re.split(r"[<>=]", name)[0] for name in declared} <= set(pinned)
    assert "boto3" not in pinned
    assert "http" not in requirements
