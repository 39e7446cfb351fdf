"""The command line on many rules and many events: how long checking, testing and a backtest take."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from bench import ways
from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.check.checker import check
from cloudtrail_to_slack_cli.rule_files.rule_file import read_rule_file
from cloudtrail_to_slack_cli.rule_tests.runner import FileRunner

RULES = 1000
_ROUNDS = 3


def rule_file(folder: Path) -> Path:
    """Write a rule file of 1,000 rules with two tests each."""
    policy = "arn:aws:iam::aws:policy/Policy"
    rules = [
        f"""  - id: rule-{number}
    title: Rule {number}
    severity: high
    description: Something happened that should be looked at.
    expression: >-
      event.get("eventName") == "AttachUserPolicy"
      and event.get("requestParameters.policyArn") == "{policy}{number}"
    tests:
      - name: this policy
        sample: attach-administrator-policy
        set: {{requestParameters.policyArn: "{policy}{number}"}}
        expect: match
      - name: another policy
        sample: attach-administrator-policy
        expect: no_match
"""
        for number in range(RULES)
    ]
    path = folder / "rules.yaml"
    path.write_text("rules:\n" + "".join(rules))
    return path


def check_seconds() -> float:
    """Return how long it takes to check a rule file of 1,000 rules, reading it included."""
    with tempfile.TemporaryDirectory() as folder:
        path = rule_file(Path(folder))
        begin = process_time()
        checked = check([read_rule_file(str(path))])
        seconds = process_time() - begin
    if (checked.rules, checked.findings) != (RULES, ()):
        raise RuntimeError("the rules that are checked should be clean")
    return seconds


def test_seconds() -> float:
    """Return how long it takes to run 2,000 tests of 1,000 rules, reading the file included."""
    with tempfile.TemporaryDirectory() as folder:
        path = rule_file(Path(folder))
        begin = process_time()
        results = list(FileRunner(read_rule_file(str(path))).run())
        seconds = process_time() - begin
    if (len(results), all(result.passed for result in results)) != (2 * RULES, True):
        raise RuntimeError("the tests that are run should pass")
    return seconds


def backtest_ratio(content: bytes) -> float:
    """Return the speed of a backtest that prints every matched event, against the function's path alone; the best."""
    config, _ = read_config({})
    prefilter = Prefilter(RuleSet(config.rules, config.ignore_rules))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.json.gz"
        path.write_bytes(content)
        evaluator = Evaluator(config, datetime.now(UTC).date(), Keeps(folder, lines=True))
        file = LogFile(str(path), len(content))
        times = {"backtest": float("inf"), "path": float("inf")}
        for _ in range(_ROUNDS):
            begin = process_time()
            matched = sum(piece.count(b"\n") for piece in evaluator.evaluate([file]).lines.take())
            between = process_time()
            ways.path(content, prefilter)
            times["backtest"] = min(times["backtest"], between - begin)
            times["path"] = min(times["path"], process_time() - between)
            if not matched:
                raise RuntimeError("some events should match")
        return times["path"] / times["backtest"]
