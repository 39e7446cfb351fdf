"""How a call ended: it succeeded, was denied, failed, or was a dry run. Pure.

`errorCode` is only one of the places where CloudTrail records it. Sources: AWS CloudTrail User Guide, "AWS Management
Console sign-in events" (`responseElements.ConsoleLogin` and the like); AWS IAM Identity Center User Guide, "CloudTrail
use cases" (`serviceEventDetails.CredentialVerification`); AWS Organizations User Guide and AWS Control Tower User Guide
(`serviceEventDetails.createAccountStatus.state`); Amazon EC2 API Reference, "Error codes" (`DryRunOperation`) and the
responses of its calls (`_return`, `unsuccessful`); AWS KMS API Reference (`DryRunOperationException`); AWS Lambda API
Reference (`DryRun`); Amazon Cognito Developer Guide, "Example Amazon Cognito events" (an HTTP status).
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.json_fields import mapping


class CallOutcome(Enum):
    """How a call ended. Insights, and service events that state no result, are not calls."""

    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly failed"
    DENIED = "denied"
    FAILED = "failed"
    DRY_RUN = "dry run"
    UNKNOWN = "unknown"
    NOT_A_CALL = "not a call"

    @property
    def is_refusal(self) -> bool:
        """Whether the call had no effect: it was denied or failed."""
        return self in (CallOutcome.DENIED, CallOutcome.FAILED)


_DENIAL_CODES = re.compile(
    r"denied|unauthori[sz]ed|not_?authori[sz]ed|authori[sz]ation_?(?:error|fail)|forbidden|invalidaccess(?!key)"
    r"|insufficient_?(?:privilege|permission)|no_?permission|auth_?failure|explicit_?deny|\A\s*403\s*\Z",
    re.IGNORECASE,
)
_DENIAL_MESSAGES = re.compile(r"not authori[sz]ed to (?:perform|access)|access ?denied|explicit deny", re.IGNORECASE)
_NO_ERROR = frozenset({"", "null", "none", "[]", "{}"})  # values of fields without an error
_WORDS = {
    **dict.fromkeys(("success", "succeeded", "successful", "true", "ok", "complete", "completed", "allowed"),
                    CallOutcome.SUCCEEDED),
    **dict.fromkeys(("denied", "accessdenied", "unauthorized", "forbidden"), CallOutcome.DENIED),
    **dict.fromkeys(("failure", "failed", "fail", "false", "error", "unsuccessful", "rejected", "aborted", "timeout",
                     "timedout"), CallOutcome.FAILED),
}  # fmt: skip
# Events that always state their result. Without it the result is unknown, and never a success.
_STATE_THEIR_RESULT = frozenset(
    {"consolelogin", "switchrole", "exitrole", "renewrole", "checkmfa", "getsignintoken", "passwordrecoveryrequested",
     "passwordrecoverycompleted", "credentialverification", "userauthentication"}
)  # fmt: skip
_STATE_KEYS = re.compile(r"state|status|\w*(?:State|Status)")
_FAILED_ITEMS = re.compile(r"(?:unprocessed|unsuccessful|failed)\w*|failures|\w*errors|errorentries", re.IGNORECASE)
_FAILED_COUNTS = re.compile(r"(?:failed|unsuccessful|unprocessed)\w*count|(?:failure|error)count", re.IGNORECASE)
_HTTP_ERROR, _HTTP_DENIALS = 400, (401, 403)


def call_outcome(event: Event) -> CallOutcome:
    """Return how an event's call ended, from whichever field records it."""
    if event.insight:
        return CallOutcome.NOT_A_CALL
    known = _by_error(event) or _stated(event)
    if known:
        return known
    if event.name.strip().lower() in _STATE_THEIR_RESULT:
        return CallOutcome.UNKNOWN
    if event.is_service_event:
        return CallOutcome.NOT_A_CALL
    if _is_dry_run(event):
        return CallOutcome.DRY_RUN
    return CallOutcome.PARTLY_FAILED if _failed_in_part(event) else CallOutcome.SUCCEEDED


def _by_error(event: Event) -> CallOutcome | None:
    """Return the outcome by `errorCode` and `errorMessage`; one may be present without the other."""
    code, message = (
        "" if text.strip().lower() in _NO_ERROR else text for text in (event.error_code, event.error_message)
    )
    if not code and not message:
        return None
    if "dryrunoperation" in code.lower():
        return CallOutcome.DRY_RUN
    denied = _DENIAL_CODES.search(code) or _DENIAL_MESSAGES.search(message)
    return CallOutcome.DENIED if denied else CallOutcome.FAILED


def _stated(event: Event) -> CallOutcome | None:
    """Return the result that the event states in words: a sign-in's, a service event's or an HTTP status."""
    response, details = mapping(event.record.get("responseElements")), mapping(event.record.get("serviceEventDetails"))
    name = event.name.strip().lower()
    words = [value for part in (response, details) for key, value in part.items() if key.strip().lower() == name]
    words += [response.get("_return")]
    if event.source == "signin.amazonaws.com" or event.text("eventType") == "AwsConsoleSignIn":
        words += response.values()
    words += _states(details)
    status = event.flat.get("additionalEventData.responseParameters.status")  # of a page of Amazon Cognito's
    is_of_cognito = event.source == "cognito-idp.amazonaws.com"
    if is_of_cognito and isinstance(status, int | float) and not isinstance(status, bool):
        words.append("denied" if status in _HTTP_DENIALS else status < _HTTP_ERROR)
    plain = (re.sub(r"[\s_-]", "", str(word)).lower() for word in words if isinstance(word, str | bool))
    outcomes = [_WORDS[word] for word in plain if word in _WORDS]
    return next((outcome for outcome in outcomes if outcome.is_refusal), outcomes[0] if outcomes else None)


def _states(details: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the states of a service event's details: `state`, `createAccountStatus.state`."""
    for key, value in details.items():
        inner = value if isinstance(value, Mapping) else {key: value}
        yield from (state for name, state in inner.items() if _STATE_KEYS.fullmatch(name))


def _is_dry_run(event: Event) -> bool:
    """Whether a call that succeeded was a dry run.

    Only Lambda reports one as a success. Other services may record unknown parameters, so a caller could make any of
    their calls look like a dry run.
    """
    parameters = mapping(event.record.get("requestParameters")) if event.source == "lambda.amazonaws.com" else {}
    return parameters.get("dryRun") in (True, "true") or parameters.get("invocationType") == "DryRun"


def _failed_in_part(event: Event) -> bool:
    """Whether the response names items for which the call failed."""
    response = mapping(event.record.get("responseElements"))
    inner = (mapping(response.get(f"{event.name.strip()}{suffix}")) for suffix in ("Response", "Result"))
    return any(_states_failures(key, value) for part in (response, *inner) for key, value in part.items())


def _states_failures(key: str, value: object) -> bool:
    if _FAILED_COUNTS.fullmatch(key):
        return isinstance(value, int | float) and value is not True and value > 0
    return bool(_FAILED_ITEMS.fullmatch(key)) and isinstance(value, list | Mapping) and _holds_any(value)


def _holds_any(value: object) -> bool:
    """Whether a list or an object contains anything: `{"items": []}` does not."""
    return any(map(_holds_any, value.values())) if isinstance(value, Mapping) else bool(value)
