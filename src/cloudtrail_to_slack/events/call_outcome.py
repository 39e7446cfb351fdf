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


class CallOutcome(Enum):
    """How a call ended. Insights, and service events that state no result, are no calls."""

    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly failed"
    DENIED = "denied"
    FAILED = "failed"
    DRY_RUN = "dry run"
    UNKNOWN = "unknown"
    NOT_A_CALL = "not a call"

    @property
    def is_refusal(self) -> bool:
        """Whether nothing came of the call: it was denied or it failed."""
        return self in (CallOutcome.DENIED, CallOutcome.FAILED)


_DENIAL_CODES = re.compile(
    r"denied|unauthori[sz]ed|not_?authori[sz]ed|authori[sz]ation_?(?:error|fail)|forbidden|invalidaccess(?!key)"
    r"|insufficient_?(?:privilege|permission)|no_?permission|auth_?failure|explicit_?deny|\A\s*403\s*\Z",
    re.IGNORECASE,
)
_DENIAL_MESSAGES = re.compile(r"not authori[sz]ed to (?:perform|access)|access ?denied|explicit deny", re.IGNORECASE)
_DRY_RUN_CODE = "dryrunoperation"
_NO_ERROR = frozenset({"", "null", "none", "[]", "{}"})  # what records hold where there is no error
_SUCCESS_WORDS = frozenset({"success", "succeeded", "successful", "true", "ok", "complete", "completed", "allowed"})
_DENIAL_WORDS = frozenset({"denied", "accessdenied", "unauthorized", "forbidden"})
_FAILURE_WORDS = frozenset(
    {"failure", "failed", "fail", "false", "error", "unsuccessful", "rejected", "aborted", "timeout", "timedout"}
)
# Events that always state their result. Without it the result is unknown, and never a success.
_STATE_THEIR_RESULT = frozenset(
    {"consolelogin", "switchrole", "exitrole", "renewrole", "checkmfa", "getsignintoken", "passwordrecoveryrequested",
     "passwordrecoverycompleted", "credentialverification", "userauthentication"}
)  # fmt: skip
_STATE_KEYS = re.compile(r"state|status|\w*(?:State|Status)")
_FAILED_ITEMS = re.compile(r"(?:unprocessed|unsuccessful|failed)\w*|failures|\w*errors|errorentries", re.IGNORECASE)
_FAILED_COUNTS = re.compile(r"(?:failed|unsuccessful|unprocessed)\w*count|(?:failure|error)count", re.IGNORECASE)
_SIGN_IN_SOURCE = "signin.amazonaws.com"
_HTTP_ERROR, _HTTP_DENIALS = 400, (401, 403)


def call_outcome(event: Event) -> CallOutcome:
    """Return how the call of an event ended, by whatever field records it."""
    if event.insight:
        return CallOutcome.NOT_A_CALL
    error = _by_error(event)
    if error:
        return error
    stated = _stated(event)
    if stated:
        return stated
    if event.name.strip().lower() in _STATE_THEIR_RESULT:
        return CallOutcome.UNKNOWN
    if event.is_service_event:
        return CallOutcome.NOT_A_CALL
    if _is_dry_run(event):
        return CallOutcome.DRY_RUN
    return CallOutcome.PARTLY_FAILED if _failed_in_part(event) else CallOutcome.SUCCEEDED


def _by_error(event: Event) -> CallOutcome | None:
    """Return what `errorCode` and `errorMessage` say; either may be there without the other."""
    code, message = (
        "" if text.strip().lower() in _NO_ERROR else text for text in (event.error_code, event.error_message)
    )
    if not code and not message:
        return None
    if _DRY_RUN_CODE in code.lower():
        return CallOutcome.DRY_RUN
    denied = _DENIAL_CODES.search(code) or _DENIAL_MESSAGES.search(message)
    return CallOutcome.DENIED if denied else CallOutcome.FAILED


def _stated(event: Event) -> CallOutcome | None:
    """Return the result that the event states in words: a sign-in's, a service event's or an HTTP status."""
    response, details = _mapping(event.record, "responseElements"), _mapping(event.record, "serviceEventDetails")
    name = event.name.strip().lower()
    words = [value for part in (response, details) for key, value in part.items() if key.strip().lower() == name]
    words += [response.get("_return")]
    if event.source == _SIGN_IN_SOURCE or event.text("eventType") == "AwsConsoleSignIn":
        words += response.values()
    words += _states(details)
    words.append(_http_status(event))
    outcomes = [outcome for outcome in map(_outcome_of, words) if outcome]
    return next((outcome for outcome in outcomes if outcome.is_refusal), outcomes[0] if outcomes else None)


def _states(details: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the states of a service event's details: `state`, `createAccountStatus.state`."""
    for key, value in details.items():
        if isinstance(value, Mapping):
            yield from (inner for name, inner in value.items() if _STATE_KEYS.fullmatch(name))
        elif _STATE_KEYS.fullmatch(key):
            yield value


def _http_status(event: Event) -> bool | str | None:
    """Return what the HTTP status of a page of Amazon Cognito's says, as a word of `_outcome_of`."""
    if event.source != "cognito-idp.amazonaws.com":
        return None
    status = event.flat.get("additionalEventData.responseParameters.status")
    if isinstance(status, bool) or not isinstance(status, int | float):
        return None
    return "denied" if status in _HTTP_DENIALS else status < _HTTP_ERROR


def _outcome_of(word: object) -> CallOutcome | None:
    """Return what a word or a boolean says of a call; None where it says nothing."""
    if isinstance(word, bool):
        return CallOutcome.SUCCEEDED if word else CallOutcome.FAILED
    if not isinstance(word, str):
        return None
    plain = re.sub(r"[\s_-]", "", word).lower()
    if plain in _DENIAL_WORDS:
        return CallOutcome.DENIED
    if plain in _FAILURE_WORDS:
        return CallOutcome.FAILED
    return CallOutcome.SUCCEEDED if plain in _SUCCESS_WORDS else None


def _is_dry_run(event: Event) -> bool:
    """Whether a call that succeeded was a dry run.

    Only Lambda answers one with a success. Other services may record parameters that they do not know, so that the
    caller could make any call of theirs look like one.
    """
    if event.source != "lambda.amazonaws.com":
        return False
    parameters = _mapping(event.record, "requestParameters")
    return parameters.get("dryRun") in (True, "true") or parameters.get("invocationType") == "DryRun"


def _failed_in_part(event: Event) -> bool:
    """Whether the response names items with which the call did not succeed."""
    response = _mapping(event.record, "responseElements")
    name = event.name.strip()
    parts = [response, *(_mapping(response, f"{name}{suffix}") for suffix in ("Response", "Result"))]
    return any(_tells_of_failures(key, value) for part in parts for key, value in part.items())


def _tells_of_failures(key: str, value: object) -> bool:
    if _FAILED_COUNTS.fullmatch(key):
        return isinstance(value, int | float) and value is not True and value > 0
    return bool(_FAILED_ITEMS.fullmatch(key)) and isinstance(value, list | Mapping) and _holds_any(value)


def _holds_any(value: object) -> bool:
    """Whether a list or an object holds more than empty ones: `{"items": []}` holds nothing."""
    if isinstance(value, Mapping):
        return any(map(_holds_any, value.values()))
    return bool(value)


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}
