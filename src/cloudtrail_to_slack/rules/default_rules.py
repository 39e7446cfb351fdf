"""The nine default rules. None of them raises, whatever an event looks like."""

from __future__ import annotations

from cloudtrail_to_slack.rules.rule import Rule, Severity

_SIGN_IN_WITHOUT_MFA = (
    'event.get("eventName") == "ConsoleLogin"'
    ' and event.get("additionalEventData.MFAUsed") != "Yes"'
    ' and "assumed-role/AWSReservedSSO" not in str(event.get("userIdentity.arn"))'
)
_DENIED = (
    'str(event.get("errorCode")).startswith("AccessDenied")'
    ' and event.get("userIdentity.accountId") != "ANONYMOUS_PRINCIPAL"'
)
_ROOT = (
    'event.get("userIdentity.type") == "Root"'
    ' and not str(event.get("eventName")).startswith(("Get", "List", "Describe", "Head"))'
)


def default_rules(function_name: str | None) -> tuple[Rule, ...]:
    """Return the default rules; the two that guard the function itself need its name and are left out without one."""
    return (
        Rule(
            _SIGN_IN_WITHOUT_MFA,
            id="console-sign-in-without-mfa",
            title="Console sign-in without MFA",
            severity=Severity.HIGH,
            description="Somebody signed in to the console and AWS saw no MFA device.",
            mitre=("T1078.004",),
        ),
        Rule(
            'str(event.get("errorCode")).endswith("UnauthorizedOperation")',
            id="unauthorized-operation",
            title="Unauthorized operation",
            severity=Severity.MEDIUM,
            description="An EC2-style call was refused for lack of permission.",
        ),
        Rule(
            _DENIED,
            id="access-denied",
            title="Access denied",
            severity=Severity.MEDIUM,
            description="A call was refused for lack of permission.",
        ),
        Rule(
            _ROOT,
            id="root-activity",
            title="Root user activity",
            severity=Severity.CRITICAL,
            description="The root user did something other than look.",
            mitre=("T1078.004",),
        ),
        _trail_rule("StopLogging", "cloudtrail-stop-logging", "CloudTrail logging switched off", Severity.CRITICAL),
        _trail_rule("UpdateTrail", "cloudtrail-update-trail", "CloudTrail trail changed", Severity.HIGH),
        _trail_rule("DeleteTrail", "cloudtrail-delete-trail", "CloudTrail trail deleted", Severity.CRITICAL),
        *(_own_function_rules(function_name) if function_name else ()),
    )


def events_to_track_rule(names: tuple[str, ...]) -> Rule:
    """Return the rule that matches every event with one of these names."""
    return Rule(
        f'event.get("eventName") in {list(names)!r}',
        id="events-to-track",
        title="On the list of events to track",
        description="An event whose name is in events_to_track.",
    )


def _trail_rule(event_name: str, rule_id: str, title: str, severity: Severity) -> Rule:
    return Rule(
        f'event.get("eventSource") == "cloudtrail.amazonaws.com" and event.get("eventName") == "{event_name}"',
        id=rule_id,
        title=title,
        severity=severity,
        description="Somebody touched the trail that these alerts are made from.",
        mitre=("T1562.008",),
    )


def _own_function_rules(function_name: str) -> tuple[Rule, Rule]:
    # Lambda's event names carry API dates, hence the prefix: UpdateFunctionCode20150331v2.
    own = f'event.get("responseElements.functionName") == {function_name!r}'
    configuration, code = (
        f'event.get("eventSource") == "lambda.amazonaws.com"'
        f' and str(event.get("eventName")).startswith("{prefix}") and {own}'
        for prefix in ("UpdateFunctionConfiguration", "UpdateFunctionCode")
    )
    description = "Somebody changed the function that sends these alerts."
    return (
        Rule(
            configuration,
            id="own-function-configuration-changed",
            title="This alerting function's configuration changed",
            severity=Severity.HIGH,
            description=description,
            mitre=("T1562.008",),
        ),
        Rule(
            code,
            id="own-function-code-changed",
            title="This alerting function's code changed",
            severity=Severity.HIGH,
            description=description,
            mitre=("T1562.008",),
        ),
    )


DEFAULT_RULE_IDS = frozenset(rule.id for rule in default_rules("any"))
