"""The default rules. None of them raises, whatever an event looks like."""

from __future__ import annotations

import re

from cloudtrail_to_slack.rules.model import Rule, Severity

EVENTS_TO_TRACK_ID = "events-to-track"
DEFAULT_PREFIX = "default/"  # of their ids, so that none of a user's rules can have one by chance

# AWS sees no MFA at sign-ins through IAM Identity Center: the identity provider asked for it. Only the resource part of
# an STS ARN counts, for IAM paths may hold any text; and the role's own ARN, where the event has it, lies under a path
# that IAM reserves.
_RESERVED_PATH = ":role/aws-reserved/sso.amazonaws.com/"
_THROUGH_IDENTITY_CENTER = (
    'event.get("userIdentity.type") == "AssumedRole"'
    ' and str(event.get("userIdentity.arn")).split(":")[2:3] == ["sts"]'
    ' and any(part.startswith("assumed-role/AWSReservedSSO_")'
    ' for part in str(event.get("userIdentity.arn")).split(":", 5)[5:])'
    f' and "{_RESERVED_PATH}"'
    f' in str(event.get("userIdentity.sessionContext.sessionIssuer.arn", "{_RESERVED_PATH}"))'
)
_SIGN_IN_WITHOUT_MFA = (
    'event.get("eventName") == "ConsoleLogin"'
    ' and event.get("additionalEventData.MFAUsed") != "Yes"'
    f" and not ({_THROUGH_IDENTITY_CENTER})"
)
_DENIED = (
    'str(event.get("errorCode")).startswith("AccessDenied")'
    ' and event.get("userIdentity.accountId") != "ANONYMOUS_PRINCIPAL"'
)
_BY_ROOT = (
    'event.get("userIdentity.type") == "Root"'
    ' and not str(event.get("eventName")).startswith(("Get", "List", "Describe", "Head"))'
)
# The session of sts:AssumeRoot, by which a management account does privileged tasks in a member account. Source: IAM
# User Guide, "Track privileged tasks in AWS CloudTrail".
_ASSUMED_ROOT = 'str(event.get("userIdentity.sessionContext.assumedRoot")).lower() == "true"'
# CloudTrail names the service that made a request on a caller's behalf in `invokedBy`, which no caller can set. In the
# console it may be the console's own sign-in service: there a person acts. Source: AWS CloudTrail User Guide,
# "CloudTrail userIdentity element" and "CloudTrail record contents" (sessionCredentialFromConsole).
_BY_A_SERVICE = (
    'event.get("eventType") == "AwsServiceEvent"'
    ' or str(event.get("userIdentity.invokedBy")).endswith((".amazonaws.com", ".amazonaws.com.cn", "AWS Internal"))'
    ' and "signin." not in str(event.get("userIdentity.invokedBy"))'
    ' and "console." not in str(event.get("userIdentity.invokedBy"))'
    ' and str(event.get("sessionCredentialFromConsole")).lower() != "true"'
)
# Lambda and CloudFront add the date of their API: UpdateFunctionCode20150331v2, CreateDistribution2020_05_31.
_OF_A_DATE = "0123456789v_"
_DATED = re.compile(r"20\d{6}(?:v\d+)?$|20\d\d_\d\d_\d\d$", re.ASCII)


def default_rules(function_name: str | None) -> tuple[Rule, ...]:
    """Return the default rules; the two that guard the function itself need its name and are left out without one."""
    return (
        Rule(
            _SIGN_IN_WITHOUT_MFA,
            id=f"{DEFAULT_PREFIX}console-sign-in-without-mfa",
            title="Console sign-in without MFA",
            attempt="sign in to the console without MFA",
            severity=Severity.HIGH,
            description="A console sign-in in which AWS saw no MFA device.",
            mitre=("T1078.004",),
        ),
        Rule(
            'str(event.get("errorCode")).endswith("UnauthorizedOperation")',
            id=f"{DEFAULT_PREFIX}unauthorized-operation",
            title="Unauthorized operation",
            severity=Severity.MEDIUM,
            description="An EC2-style call was refused for lack of permission.",
        ),
        Rule(
            _DENIED,
            id=f"{DEFAULT_PREFIX}access-denied",
            title="Access denied",
            severity=Severity.MEDIUM,
            description="A call was refused for lack of permission.",
        ),
        Rule(
            f"{_BY_ROOT} and not ({_ASSUMED_ROOT}) and not ({_BY_A_SERVICE})",
            id=f"{DEFAULT_PREFIX}root-activity",
            title="Root user activity",
            attempt="act as the root user",
            severity=Severity.CRITICAL,
            description="Any call by the root user that does more than read.",
            mitre=("T1078.004",),
        ),
        Rule(
            f"{_BY_ROOT} and {_ASSUMED_ROOT}",
            id=f"{DEFAULT_PREFIX}assumed-root-activity",
            title="Privileged root session activity",
            attempt="act in a privileged root session",
            severity=Severity.HIGH,
            description="Any call that does more than read, by a session of sts:AssumeRoot: it acts as root of a member"
            " account for the management account or a delegated administrator.",
            mitre=("T1078.004",),
        ),
        *_cloudtrail_rules(),
        *(_own_function_rules(function_name) if function_name else ()),
    )


def events_to_track_rule(names: tuple[str, ...]) -> Rule:
    """Return the rule that matches every event with one of these names, also where an API date follows the name."""
    listed = list(names)
    undated = [name for name in names if not _DATED.search(name)]
    expression = f'event.get("eventName") in {listed!r}'
    if undated:
        prefixes = tuple(f"{name}20" for name in undated)
        bare = sorted({name.rstrip(_OF_A_DATE) for name in undated})
        expression += (
            f' or (str(event.get("eventName")).startswith({prefixes!r})'
            f' and str(event.get("eventName")).rstrip("{_OF_A_DATE}") in {bare!r})'
        )
    return Rule(
        expression,
        id=EVENTS_TO_TRACK_ID,
        title="On the list of events to track",
        description="An event whose name is in events_to_track.",
    )


def _cloudtrail_rules() -> tuple[Rule, ...]:
    trail = "These alerts are made from what CloudTrail records."
    lake = "An event data store of CloudTrail Lake keeps a copy of the events."
    # Event name, end of the id, title, what it is as an attempt, severity, description.
    rules = (
        ("StopLogging", "stop-logging", "CloudTrail logging switched off", "switch off CloudTrail logging",
         Severity.CRITICAL, trail),
        ("UpdateTrail", "update-trail", "CloudTrail trail changed", "change a CloudTrail trail", Severity.HIGH, trail),
        ("DeleteTrail", "delete-trail", "CloudTrail trail deleted", "delete a CloudTrail trail",
         Severity.CRITICAL, trail),
        ("PutEventSelectors", "put-event-selectors", "CloudTrail event selectors changed",
         "change CloudTrail event selectors", Severity.HIGH, trail),
        ("PutInsightSelectors", "put-insight-selectors", "CloudTrail Insights changed", "change CloudTrail Insights",
         Severity.MEDIUM, trail),
        ("DeleteEventDataStore", "delete-event-data-store", "CloudTrail event data store deleted",
         "delete a CloudTrail event data store", Severity.HIGH, lake),
        ("StopEventDataStoreIngestion", "stop-event-data-store-ingestion",
         "CloudTrail event data store stopped taking events", "stop a CloudTrail event data store from taking events",
         Severity.HIGH, lake),
    )  # fmt: skip
    return tuple(
        Rule(
            f'event.get("eventSource") == "cloudtrail.amazonaws.com" and event.get("eventName") == "{event_name}"',
            id=f"{DEFAULT_PREFIX}cloudtrail-{rule_id}",
            title=title,
            severity=severity,
            description=description,
            mitre=("T1562.008",),
            attempt=attempt,
        )
        for event_name, rule_id, title, attempt, severity, description in rules
    )


def _own_function_rules(function_name: str) -> tuple[Rule, Rule]:
    # Lambda's event names carry API dates, hence the prefix: UpdateFunctionCode20150331v2.
    own = f'event.get("responseElements.functionName") == {function_name!r}'
    configuration, code = (
        f'event.get("eventSource") == "lambda.amazonaws.com"'
        f' and str(event.get("eventName")).startswith("{prefix}") and {own}'
        for prefix in ("UpdateFunctionConfiguration", "UpdateFunctionCode")
    )
    description = "A change of the function that sends these alerts."
    return (
        Rule(
            configuration,
            id=f"{DEFAULT_PREFIX}own-function-configuration-changed",
            title="This alerting function's configuration changed",
            attempt="change this alerting function's configuration",
            severity=Severity.HIGH,
            description=description,
            mitre=("T1562.008",),
        ),
        Rule(
            code,
            id=f"{DEFAULT_PREFIX}own-function-code-changed",
            title="This alerting function's code changed",
            attempt="change this alerting function's code",
            severity=Severity.HIGH,
            description=description,
            mitre=("T1562.008",),
        ),
    )


DEFAULT_RULE_IDS = frozenset(str(rule.id) for rule in default_rules("any"))
