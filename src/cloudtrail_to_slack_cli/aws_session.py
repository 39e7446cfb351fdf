"""The user's own access to AWS, and what is wrong where there is none."""

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ConfigParseError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from cloudtrail_to_slack_cli.errors import CommandError

NO_CREDENTIALS = "there are no AWS credentials: set AWS_PROFILE, or log in with the AWS command line"
_UNUSABLE = (CredentialRetrievalError, PartialCredentialsError, SSOError, TokenRetrievalError)


def open_session(profile: str | None, region: str | None = None) -> boto3.Session:
    """Return a session of a profile of the AWS command line, None the default one.

    Raises:
        CommandError: there is no such profile, or the configuration cannot be read.
    """
    try:
        return boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise no_aws(error) from None


def no_aws(error: BotoCoreError) -> CommandError:
    """Return the error for a request that did not reach AWS, with what to do about it."""
    if isinstance(error, NoCredentialsError):
        return CommandError(NO_CREDENTIALS)
    if isinstance(error, _UNUSABLE):
        return CommandError(f"the AWS credentials cannot be used: log in with the AWS command line ({error})")
    if isinstance(error, ProfileNotFound | ConfigParseError):
        return CommandError(f"{error}: check --profile, AWS_PROFILE and the configuration of the AWS command line")
    return CommandError(f"AWS cannot be reached: check your network and the region ({error})")
