"""How a call ended, wherever its event records it."""

from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.events.call_outcome import CallOutcome, call_outcome
from cloudtrail_to_slack.events.event import read_event
from support.samples import event
from support.strategies import records


def outcome(**changes: Any) -> CallOutcome:
    """Return the outcome of an ordinary record with `changes`."""
    return call_outcome(event(**changes))


def sign_in(name: str, result: object, **changes: Any) -> dict[str, Any]:
    """Return the changes that make a record a sign-in event with a result."""
    return {
        "eventSource": "signin.amazonaws.com",
        "eventType": "AwsConsoleSignIn",
        "eventName": name,
        "responseElements": {name: result},
        **changes,
    }


def service_event(name: str, details: object) -> dict[str, Any]:
    """Return the changes that make a record a service event with details."""
    return {"eventType": "AwsServiceEvent", "eventName": name, "serviceEventDetails": details}


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "UnauthorizedOperation",
        "VpceAccessDenied", "ForbiddenException", "UnauthorizedException", "InvalidAccessException",
        "AuthorizationError", "AuthorizationErrorException", "NotAuthorizedException", "Client.AuthFailure",
        "InsufficientPrivilegesException", "KMSAccessDeniedException", "AccessDeniedForDependencyException", "403",
    ],
)  # fmt: skip
def test_denied(code: str) -> None:
    """A code of a missing permission is a denial, whichever service's word it is."""
    assert outcome(errorCode=code) is CallOutcome.DENIED


@pytest.mark.parametrize(
    "code",
    [
        "NoSuchBucket", "ThrottlingException", "InvalidAccessKeyId", "Client.InvalidPermission.NotFound",
        "Client.OperationNotPermitted", "AuthorizationHeaderMalformed", "500", "<!channel>",
    ],
)  # fmt: skip
def test_failed(code: str) -> None:
    """Any other code is a failure."""
    assert outcome(errorCode=code) is CallOutcome.FAILED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"errorMessage": "Failed authentication"}, CallOutcome.FAILED),
        ({"errorMessage": "User: x is not authorized to perform: iam:PassRole"}, CallOutcome.DENIED),
        (
            {"errorCode": "ValidationError", "errorMessage": "is not authorized to perform: iam:PassRole"},
            CallOutcome.DENIED,
        ),
        ({"errorMessage": "with an explicit deny in a service control policy"}, CallOutcome.DENIED),
        ({"errorCode": "null", "errorMessage": "None"}, CallOutcome.SUCCEEDED),
        ({"errorCode": "", "errorMessage": "  "}, CallOutcome.SUCCEEDED),
        ({"errorCode": [], "errorMessage": {}}, CallOutcome.SUCCEEDED),
        ({"errorCode": 17}, CallOutcome.FAILED),
    ],
)
def test_error_message(changes: dict[str, Any], expected: CallOutcome) -> None:
    """An error message alone is an error too; what stands for "no error" is none."""
    assert outcome(**changes) is expected


SIGN_IN_EVENTS = (
    "ConsoleLogin", "SwitchRole", "ExitRole", "RenewRole", "CheckMfa", "GetSigninToken", "PasswordRecoveryRequested",
    "PasswordRecoveryCompleted",
)  # fmt: skip


@pytest.mark.parametrize("name", SIGN_IN_EVENTS)
def test_sign_in_family(name: str) -> None:
    """Each event of the sign-in service succeeded or failed as its response says, and is unknown without one."""
    assert outcome(**sign_in(name, "Success")) is CallOutcome.SUCCEEDED
    assert outcome(**sign_in(name, "Failure")) is CallOutcome.FAILED
    assert outcome(**sign_in(name, "failure ")) is CallOutcome.FAILED
    assert outcome(**sign_in(name, "Pending")) is CallOutcome.UNKNOWN
    assert outcome(**sign_in(name, None)) is CallOutcome.UNKNOWN
    assert outcome(**sign_in(name, "Success", responseElements=None)) is CallOutcome.UNKNOWN
    assert outcome(**sign_in(name, "Success", errorMessage="Failed authentication")) is CallOutcome.FAILED
    assert outcome(**sign_in(f"{name} ", "x", responseElements={name: "Failure"})) is CallOutcome.FAILED


def test_a_sign_in_event_of_another_name() -> None:
    """A failure under any key of a sign-in's response is a failure."""
    assert outcome(**sign_in("SomethingNew", "x", responseElements={"New": "Failure"})) is CallOutcome.FAILED


@pytest.mark.parametrize("name", ["CredentialVerification", "UserAuthentication"])
@pytest.mark.parametrize("place", ["serviceEventDetails", "responseElements"])
def test_identity_center(name: str, place: str) -> None:
    """A sign-in through IAM Identity Center failed when its details say so, and is unknown when they do not say."""
    changes: dict[str, Any] = {
        "eventSource": "signin.amazonaws.com",
        "eventType": "AwsServiceEvent",
        "eventName": name,
        "userIdentity": {"type": "IdentityCenterUser"},
    }
    assert outcome(**changes, **{place: {name: "Failure"}}) is CallOutcome.FAILED
    assert outcome(**changes, **{place: {name: "Success"}}) is CallOutcome.SUCCEEDED
    assert outcome(**changes) is CallOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}}, CallOutcome.FAILED),
        ({"createAccountStatus": {"state": "SUCCEEDED"}}, CallOutcome.SUCCEEDED),
        ({"state": "ABORTED"}, CallOutcome.FAILED),
        ({"jobRunState": "TIMED_OUT"}, CallOutcome.FAILED),
        ({"maintenanceActionStatus": "pending-maintenance"}, CallOutcome.NOT_A_CALL),
        ({"keyId": "k"}, CallOutcome.NOT_A_CALL),
        ("FAILED", CallOutcome.NOT_A_CALL),
        (None, CallOutcome.NOT_A_CALL),
    ],
)
def test_service_events(details: object, expected: CallOutcome) -> None:
    """A service event has the result that its details state; without one it is neither success nor failure."""
    assert outcome(**service_event("CreateAccountResult", details)) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"responseElements": {"_return": True}}, CallOutcome.SUCCEEDED),
        ({"responseElements": {"_return": False}}, CallOutcome.FAILED),
        ({"responseElements": {"_return": "false"}}, CallOutcome.FAILED),
        ({"responseElements": {"DeleteBucket": "Failure"}}, CallOutcome.FAILED),
        ({"responseElements": {"deletebucket": "AccessDenied"}}, CallOutcome.DENIED),
        ({"responseElements": {"Other": "Failure"}}, CallOutcome.SUCCEEDED),
        ({"responseElements": {"multiAZ": False}}, CallOutcome.SUCCEEDED),
        ({"responseElements": {"state": "FAILED"}}, CallOutcome.SUCCEEDED),
        ({"responseElements": "null"}, CallOutcome.SUCCEEDED),
        ({"responseElements": [1]}, CallOutcome.SUCCEEDED),
    ],
)
def test_response(changes: dict[str, Any], expected: CallOutcome) -> None:
    """A response may say that the call failed; the state of what it describes says nothing of the call."""
    assert outcome(**changes) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"errorCode": "Client.DryRunOperation"}, CallOutcome.DRY_RUN),
        ({"errorCode": "DryRunOperationException"}, CallOutcome.DRY_RUN),
        ({"errorCode": "Client.UnauthorizedOperation", "requestParameters": {"dryRun": True}}, CallOutcome.DENIED),
        ({"eventSource": "lambda.amazonaws.com", "requestParameters": {"dryRun": True}}, CallOutcome.DRY_RUN),
        (
            {"eventSource": "lambda.amazonaws.com", "requestParameters": {"invocationType": "DryRun"}},
            CallOutcome.DRY_RUN,
        ),
        ({"eventSource": "lambda.amazonaws.com", "requestParameters": {"dryRun": False}}, CallOutcome.SUCCEEDED),
        ({"eventSource": "s3.amazonaws.com", "requestParameters": {"dryRun": "true"}}, CallOutcome.SUCCEEDED),
    ],
)
def test_dry_run(changes: dict[str, Any], expected: CallOutcome) -> None:
    """A dry run is one, except where the caller could make any call look like one."""
    assert outcome(**changes) is expected


@pytest.mark.parametrize(
    ("response", "partly"),
    [
        ({"failedEntryCount": 2, "failedEntries": []}, True),
        ({"failedEntryCount": 0, "failedEntries": []}, False),
        ({"failedRecordCount": 1.0}, True),
        ({"failures": [{"reason": "MISSING"}]}, True),
        ({"failures": []}, False),
        ({"unprocessedAccounts": [{"accountId": "1"}]}, True),
        ({"unprocessedItems": {"items": []}}, False),
        ({"DeleteBucketResponse": {"unsuccessful": {"item": {"resourceId": "fl-1"}}}}, True),
        ({"DeleteBucketResponse": {"unsuccessful": ""}}, False),
        ({"errors": [{"code": "x"}]}, True),
        ({"failureToleranceCount": 3}, False),
        ({"failureThreshold": 3}, False),
        ({"failedLoginsAllowed": 3}, False),
        ({"failedEntryCount": True}, False),
    ],
)  # fmt: skip
def test_failed_in_part(response: dict[str, Any], *, partly: bool) -> None:
    """A response that names items which failed makes a call one that failed in part."""
    expected = CallOutcome.PARTLY_FAILED if partly else CallOutcome.SUCCEEDED
    assert outcome(responseElements=response) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200.0, CallOutcome.SUCCEEDED),
        (302, CallOutcome.SUCCEEDED),
        (400.0, CallOutcome.FAILED),
        (403, CallOutcome.DENIED),
        ("?", CallOutcome.SUCCEEDED),
        (True, CallOutcome.SUCCEEDED),
    ],
)
def test_cognito(status: object, expected: CallOutcome) -> None:
    """A page of Amazon Cognito's ended as its HTTP status says; that of another service says nothing."""
    data = {"responseParameters": {"status": status}}
    assert outcome(eventSource="cognito-idp.amazonaws.com", additionalEventData=data) is expected
    assert outcome(additionalEventData=data) is CallOutcome.SUCCEEDED


def test_insight() -> None:
    """An Insight is not a call, whatever error code it is about."""
    assert outcome(insightDetails={"state": "Start"}, errorCode="AccessDenied") is CallOutcome.NOT_A_CALL


@settings(deadline=None, max_examples=200)
@given(record=records())
def test_any_record(record: dict[str, Any]) -> None:
    """Any event has an outcome; with an error code it is not a success."""
    found = read_event(record)
    ended = call_outcome(found)
    if found.error_code.strip().lower() not in ("", "null", "none", "[]", "{}"):
        assert ended is not CallOutcome.SUCCEEDED
