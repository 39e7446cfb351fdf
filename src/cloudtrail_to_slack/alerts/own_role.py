"""Calls that this function's own role made. Pure.

A theft of the function's credentials must not stay hidden. But an alert that SNS denies is itself a denied call of the
role, and so is the alert about that one. So such calls are gathered; see `notices.self_reports`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cloudtrail_to_slack.aws.arns import ROLE_ARN
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.identity import identity_digest
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack.rules import Rule, Severity

_FUNCTION = re.compile(r"arn:(aws[a-z-]*):lambda:[a-z0-9-]+:([0-9]{12}):function:", re.ASCII)
# What the functions of this module call by themselves, as iam.tf and restart_logging.tf allow it, and what AWS
# calls for them.
_OWN_WORK = {
    "s3.amazonaws.com": {"GetObject"},
    "dynamodb.amazonaws.com": {
        "PutItem", "UpdateItem", "DeleteItem", "GetItem", "BatchGetItem", "TransactWriteItems", "ConditionCheckItem",
    },
    "sns.amazonaws.com": {"Publish"},
    "sqs.amazonaws.com": {
        "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "GetQueueAttributes",
        "SendMessage",
    },
    "ssm.amazonaws.com": {"GetParameter"},
    "secretsmanager.amazonaws.com": {"GetSecretValue"},
    "kms.amazonaws.com": {"Decrypt", "GenerateDataKey"},
    "logs.amazonaws.com": {"CreateLogGroup", "CreateLogStream", "PutLogEvents"},
    "xray.amazonaws.com": {"PutTraceSegments", "PutTelemetryRecords"},
    "cloudtrail.amazonaws.com": {"GetTrailStatus"},
}  # fmt: skip
_LONGEST_PART = 64
_MOST_RULES = 5
MOST_CALLS = 100  # kept of one kind


def role_of_function(function_arn: object, function_name: str | None) -> str | None:
    """Return the ARN of the role that is named after the function, in the account of `function_arn`.

    None: either is unknown. Source: AWS Lambda Developer Guide, "Using the Lambda context object to retrieve
    Python function information" (`invoked_function_arn`).
    """
    found = _FUNCTION.match(function_arn) if isinstance(function_arn, str) else None
    return f"arn:{found[1]}:iam::{found[2]}:role/{function_name}" if found and function_name else None


class OwnRoles:
    """The roles of this module's functions, by their ARNs. A role of the same name in another account is not one."""

    def __init__(self, role_arns: Iterable[str]) -> None:
        self._arns = frozenset(role_arns)
        roles = filter(None, map(ROLE_ARN.fullmatch, self._arns))
        self._sessions = tuple(f"arn:{role[1]}:sts::{role[2]}:assumed-role/{role[3]}/" for role in roles)

    def made(self, record: Mapping[str, Any]) -> bool:
        """Return whether one of the roles made a record's call.

        Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element": `sessionIssuer.arn` is the ARN of the
        role, with its path; `arn` that of the session, without.
        """
        identity = mapping(record.get("userIdentity"))
        issuer = mapping(mapping(identity.get("sessionContext")).get("sessionIssuer")).get("arn")
        if isinstance(issuer, str) and issuer:
            return issuer in self._arns
        arn = identity.get("arn")
        return isinstance(arn, str) and bool(self._sessions) and arn.startswith(self._sessions)


def is_own_work(record: Mapping[str, Any]) -> bool:
    """Return whether a record's call is one that the functions make to do their work."""
    name = record.get("eventName")
    return isinstance(name, str) and name in _OWN_WORK.get(str(record.get("eventSource")), ())


class OwnCall(NamedTuple):
    """What is kept of a call of the function's own role: its time, as in the event, the call and the rules."""

    time: str
    source: str
    name: str
    error_code: str
    event_id: str
    rules: tuple[str, ...]
    severity: str

    def dumped(self) -> str:
        """Return the call as a short string, the same however the event arrives."""
        return json.dumps(self)


def own_call(event: Event, rules: Iterable[Rule]) -> OwnCall:
    """Return what to keep of an event that `rules` matched."""
    matched = list(rules)
    return OwnCall(
        time=event.text("eventTime")[:_LONGEST_PART],
        source=event.source[:_LONGEST_PART],
        name=event.name[:_LONGEST_PART],
        error_code=event.error_code[:_LONGEST_PART],
        event_id=event.event_id[:_LONGEST_PART],
        rules=tuple(rule.name[:_LONGEST_PART] for rule in matched[:_MOST_RULES]),
        severity=max(rule.severity for rule in matched).word,
    )


def read_own_call(text: str) -> OwnCall | None:
    """Read what `OwnCall.dumped` wrote; None: it is anything else."""
    try:
        *parts, rules, severity = json.loads(text)
        found = OwnCall._make([*map(str, parts), tuple(map(str, rules)), str(severity)])
    except (ValueError, TypeError, RecursionError):
        return None
    return found if found.severity in {severity.word for severity in Severity} else None


@dataclass(slots=True)
class GatheredCalls:
    """Calls of one kind: the first ones, how many there are, and the messages that they came from."""

    calls: list[OwnCall] = field(default_factory=list)
    number: int = 0
    message_ids: MessageIds = frozenset()


class OwnCalls:
    """The calls of the own role that rules matched in one invocation.

    `by_account` has them by the account that routes their alerts, and by kind. The functions' own work is one kind per
    severity, so that many minor calls cannot crowd out a severe one; any other call with its outcome is its own kind.
    """

    def __init__(self, roles: OwnRoles) -> None:
        self.by_account: dict[str | None, dict[str, GatheredCalls]] = {}
        self._roles = roles

    def take(self, event: Event, rules: Iterable[Rule], message_ids: MessageIds) -> bool:
        """Gather the event; False: another role made the call, or it must not wait.

        A critical call must not wait, unless the functions make it to do their work.
        """
        if not self._roles.made(event.record):
            return False
        call = own_call(event, rules)
        kind = f"work, {call.severity}"
        if not is_own_work(event.record):
            if call.severity == Severity.CRITICAL.word:
                return False
            kind = identity_digest(call.source, call.name, call.error_code)
        gathered = self.by_account.setdefault(event.account, {}).setdefault(kind, GatheredCalls())
        gathered.number += 1
        gathered.message_ids |= message_ids
        if len(gathered.calls) < MOST_CALLS:
            gathered.calls.append(call)
        return True
