"""Events and assertions for tests of rules in Python."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from cloudtrail_to_slack_cli.rule_tests.record_fields import remove_field, set_field
from cloudtrail_to_slack_cli.rule_tests.ruleset import Decision, Ruleset, in_words

_ACCOUNT = "111122223333"
_EXPLAINED = 3  # rules that do not match, each with the condition that decided
_SERVICES: Mapping[str, str] = {  # of the events that the default rules look for
    "ConsoleLogin": "signin",
    "AssumeRole": "sts",
    **dict.fromkeys(
        ("StopLogging", "UpdateTrail", "DeleteTrail", "PutEventSelectors", "PutInsightSelectors",
         "DeleteEventDataStore", "StopEventDataStoreIngestion"),
        "cloudtrail",
    ),
}  # fmt: skip


def make_event(name: str, source: str | None = None, **fields: object) -> dict[str, Any]:
    """Make a CloudTrail record of a successful call by an IAM user, with every field that CloudTrail always writes.

    Args:
        name: The `eventName`.
        source: The `eventSource`, such as `iam.amazonaws.com` or `iam`. Without one the record has it only for events
            that the default rules look for.
        **fields: Fields to set, nested ones with dots (`**{"userIdentity.type": "Root"}`) or two underscores
            (`userIdentity__type="Root"`); an object replaces the one there was, `...` removes the field.

    Raises:
        ValueError: a field cannot be one of CloudTrail's, as with one underscore instead of two.
    """
    service = source or _SERVICES.get(name)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEEXAMPLE001",
            "arn": f"arn:aws:iam::{_ACCOUNT}:user/alice",
            "accountId": _ACCOUNT,
            "accessKeyId": "AKIAEXAMPLEEXAMPLE01",
            "userName": "alice",
        },
        "eventTime": "2027-01-31T09:24:17Z",
        **({"eventSource": service if "." in service else f"{service}.amazonaws.com"} if service else {}),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.24.11",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "46540956-85d4-4875-9f1d-a8d59732bfb0",
        "eventID": "1f018b0c-d494-4ef0-bede-91bfc66e066c",
        "readOnly": name.startswith(("Get", "List", "Describe", "Head")),
        "eventType": "AwsConsoleSignIn" if name == "ConsoleLogin" else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": _ACCOUNT,
        "eventCategory": "Management",
    }
    for field, value in fields.items():
        path = field.replace("__", ".").split(".")
        if "_" in path[0]:
            raise ValueError(f"CloudTrail has no field {path[0]}; did you mean {field.replace('_', '__')}?")
        if value is ...:
            remove_field(record, path)
        else:
            set_field(record, path, value)
    return record


def assert_alerts(ruleset: Ruleset, event: Mapping[str, Any], *rules: str, today: date | None = None) -> None:
    """Assert that an event alerts, and if rules are named, by id or expression, that each of them matches.

    Raises:
        AssertionError: it does not; says what the rules decide instead, and why those that are named do not match.
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    result = ruleset.evaluate(event, today=today)
    _check_known("rule", rules, ruleset.rules)
    missing = [rule for rule in rules or ruleset.rules if rule not in result.rules]
    if result.decision is not Decision.ALERT or (rules and missing):
        expected = f"{', '.join(missing)} to match" if rules and missing else "an alert"
        explained = missing if (rules or len(missing) <= _EXPLAINED) and result.decision is not Decision.IGNORED else ()
        why = [ruleset.why(event, rule) for rule in explained[:_EXPLAINED]]
        raise AssertionError(f"expected {expected}, and the rules decide: {in_words(result)}{''.join(why)}")


def assert_no_alert(ruleset: Ruleset, event: Mapping[str, Any], *rules: str, today: date | None = None) -> None:
    """Assert that no rule matches an event and none raises an error, or if rules are named, none of these.

    Raises:
        AssertionError: one does. An ignored event is no such event: see `assert_ignored`.
    """
    __tracebackhide__ = True
    result = ruleset.evaluate(event, today=today)
    _check_known("rule", rules, ruleset.rules)
    concerned = [*result.rules, *(error.rule for error in result.errors)]
    if [rule for rule in concerned if not rules or rule in rules]:
        raise AssertionError(f"expected no alert, and the rules decide: {in_words(result)}")


def assert_ignored(
    ruleset: Ruleset, event: Mapping[str, Any], by: str | None = None, *, today: date | None = None
) -> None:
    """Assert that a rule matches an event and an ignore rule suppresses the alert; `by` is that ignore rule.

    Raises:
        AssertionError: none does, or another one.
    """
    __tracebackhide__ = True
    result = ruleset.evaluate(event, today=today)
    _check_known("ignore rule", (by,) if by else (), ruleset.ignore_rules)
    if result.decision is not Decision.IGNORED or by not in (None, result.ignored_by):
        wanted = f"by {by}" if by else "by an ignore rule"
        raise AssertionError(f"expected it to be ignored {wanted}, and the rules decide: {in_words(result)}")


def _check_known(kind: str, rules: Iterable[str], known: Sequence[str]) -> None:
    """Refuse a rule that the ruleset does not have: asserting that it does not match would always pass."""
    __tracebackhide__ = True
    unknown = [rule for rule in rules if rule not in known]
    if unknown:
        raise AssertionError(f"there is no {kind} {', '.join(unknown)}; there are {', '.join(known) or 'none'}")
