"""Which event names CloudTrail may show, as far as AWS's API models say. Pure, but for reading its own list.

`known_events.txt` holds the operations of all APIs, one a line, in order; `python -m
cloudtrail_to_slack_dev.event_names` writes it from the SDK's models. It is read only to find mistakes in rules.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What CloudTrail shows and no API has: sign-in, what services do by themselves, and names that differ from the API's.
_OF_NO_API = frozenset(
    """
    ConsoleLogin CheckMfa SwitchRole ExitRole RenewRole Logout GetSigninToken PasswordRecoveryRequested
    PasswordRecoveryCompleted PasswordUpdated EmailUpdated CredentialChallenge CredentialVerification
    UserAuthentication Federate Authenticate RotateKey DeleteKey SynchronizeMultiRegionKey RotationStarted
    RotationSucceeded RotationFailed RotationAbandoned TestRotationStarted TestRotationSucceeded TestRotationFailed
    SecretVersionDeletion StartSecretVersionDelete EndSecretVersionDelete CancelSecretVersionDelete
    PutBucketPublicAccessBlock GetBucketPublicAccessBlock DeleteBucketPublicAccessBlock PutAccountPublicAccessBlock
    GetAccountPublicAccessBlock DeleteAccountPublicAccessBlock PutBucketLifecycle PutBucketNotification
    BidEvictedEvent BidFulfilledEvent SharedSnapshotVolumeCreated SharedSnapshotCopyInitiated
    UpdateInstanceInformation ListInstanceAssociations OpenControlChannel OpenDataChannel QueryDatabase
    BackupJobStarted BackupJobCompleted BackupDeleted RestoreJobStarted RestoreJobCompleted RestoreCompleted
    CopyJobStarted CopyJobCompleted RecoveryPointDeleted PolicyExecutionEvent AccessKubernetesApi
    CreateEnvironment CreateSession DeleteEnvironment DescribeEnvironments GetEnvironmentStatus GetFileDownloadUrls
    GetFileUploadUrls GetLayout PutCredentials RedeemCode SendHeartBeat StartEnvironment StopEnvironment UpdateLayout
    SetupLandingZone UpdateLandingZone CreateManagedAccount UpdateManagedAccount EnableGuardrail DisableGuardrail
    RegisterOrganizationalUnit DeregisterOrganizationalUnit PrecheckOrganizationalUnit CreateAccountResult
    CloseAccountResult CreateGovCloudAccountResult AccountJoinedOrganization AccountDepartedOrganization
    AssociateDirectory DisassociateDirectory AssociateProfile DisassociateProfile CreateProfile DeleteProfile
    CreateApplicationInstance DeleteApplicationInstance StartSSO ListProfileAssociations ListDeploymentJobs
    ListSimulationApplications ListRobotApplications ListSimulationJobs PutFoundationModelEntitlement
    CreateExternalIdPConfigurationForDirectory UpdateExternalIdPConfigurationForDirectory
    EnableExternalIdPConfigurationForDirectory DisableExternalIdPConfigurationForDirectory
    """.split()  # noqa: SIM905 (a list of a hundred quoted names reads worse)
)
# Permissions that no event is named after, and what to look for instead.
_PERMISSIONS: Mapping[str, str] = {
    "PassRole": "it is a permission that other calls need: look for those, such as RunInstances or CreateFunction",
    "TagSession": "it is a permission: look for AssumeRole",
    "ListAllMyBuckets": "the call is ListBuckets",
    "ListBucket": "the call is ListObjects",
    "ListBucketVersions": "the call is ListObjectVersions",
    "PutLifecycleConfiguration": "the call is PutBucketLifecycle",
    "PutEncryptionConfiguration": "the call is PutBucketEncryption",
    "PutReplicationConfiguration": "the call is PutBucketReplication",
    "PutInventoryConfiguration": "the call is PutBucketInventoryConfiguration",
    "InvokeFunction": "the call is Invoke",
    "BypassGovernanceRetention": "it is a permission: look for DeleteObject",
}
# Operations of Lambda alone that CloudTrail shows with the date of the API. Source: AWS Lambda Developer Guide,
# "Logging AWS Lambda API calls using AWS CloudTrail".
_WITH_DATES: Mapping[str, str] = {
    **dict.fromkeys(
        ("CreateEventSourceMapping", "CreateFunction", "DeleteEventSourceMapping", "DeleteFunction",
         "GetEventSourceMapping", "ListEventSourceMappings", "ListFunctions", "UpdateEventSourceMapping"),
        "20150331",
    ),
    **dict.fromkeys(("GetFunctionConfiguration", "UpdateFunctionCode", "UpdateFunctionConfiguration"), "20150331v2"),
    "PublishLayerVersion": "20181031",
}  # fmt: skip
# Lambda and CloudFront add the date of their API: UpdateFunctionCode20150331v2, CreateDistribution2020_05_31.
_API_DATE = re.compile(r"(?:\d{8}(?:v\d+)?|\d{4}_\d\d_\d\d)$", re.ASCII)
_FILE = Path(__file__).with_name("known_events.txt")
_NEAR = 3  # how many characters a name may be longer or shorter than what it was mistaken for


def unknown_event_reason(name: str) -> str | None:
    """Return why no event is probably called `name`, None when there is nothing to say against it."""
    if name in _PERMISSIONS:
        return f"never appears in CloudTrail: {_PERMISSIONS[name]}"
    if is_known(name):
        return None
    close = _close_to(name)
    return "is no event of any AWS service known here" + (f"; did you mean {close}?" if close else "")


def dated_name(name: str) -> str | None:
    """Return the name with an API date under which CloudTrail shows an operation, None where it needs none."""
    return f"{name}{_WITH_DATES[name]}" if name in _WITH_DATES else None


def is_known(name: str) -> bool:
    """Whether an event of this name is known."""
    bare = _API_DATE.sub("", name)
    return name in _OF_NO_API or (bare.isalnum() and f"\n{bare}\n" in _operations())


@functools.cache
def _operations() -> str:
    return f"\n{_FILE.read_text('ascii')}\n"


def _close_to(name: str) -> str | None:
    import difflib  # noqa: PLC0415 (only for names that are wrong)

    names = [*_OF_NO_API, *_operations().split()]
    wrong = name.lower()
    same = [known for known in names if known.lower() == wrong]
    near = [known for known in names if known[:1].lower() == wrong[:1] and abs(len(known) - len(name)) <= _NEAR]
    return next(iter(same or difflib.get_close_matches(name, sorted(near), n=1, cutoff=0.8)), None)
