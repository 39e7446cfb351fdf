"""The caller of an event, from a record's `userIdentity`. Pure.

Sources: AWS CloudTrail User Guide, "CloudTrail userIdentity element"; IAM User Guide, "Track privileged tasks in AWS
CloudTrail".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cloudtrail_to_slack.json_fields import mapping, string_at

_SSO_ROLE = re.compile(r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}$")
_SSO_ROLE_PREFIX = "AWSReservedSSO_"
_SSO_PATH = ":role/aws-reserved/sso.amazonaws.com/"  # IAM reserves it


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller, as far as the record shows; unknown parts are empty. Strings are unescaped and unbounded.

    `name` is a readable name and never empty. `role` and `session` are set for an assumed role; `permission_set` for a
    role of IAM Identity Center, whose sessions are named after its users. `is_sso`: a user of IAM Identity Center.
    """

    type: str
    name: str
    arn: str = ""
    account: str = ""
    role: str = ""
    session: str = ""
    permission_set: str = ""
    invoked_by: str = ""
    identity_provider: str = ""
    is_sso: bool = False

    @property
    def label(self) -> str:
        """The name; for a role's session with the role, because the session's name alone says little."""
        return f"{self.role}/{self.session}" if self.role and self.session and not self.is_sso else self.name


def person_behind(identity: object) -> list[tuple[str, str]]:
    """Return the person behind a role's session, if the record states it, as labels and values.

    Sources: IAM User Guide, "Monitor and control actions taken with assumed roles" (`sourceIdentity`); AWS CloudTrail
    User Guide, "CloudTrail userIdentity element" (`onBehalfOf`).
    """
    found = (
        ("source identity", string_at(identity, "sessionContext", "sourceIdentity")),
        ("on behalf of the Identity Center user", string_at(identity, "onBehalfOf", "userId")),
    )
    return [(label, value) for label, value in found if value]


def read_actor(identity: object) -> Actor:
    """Read a record's `userIdentity`, whatever its type."""
    if not isinstance(identity, Mapping):
        return Actor(type="", name=string_at(identity) or "unknown")
    arn, actor_type = string_at(identity, "arn"), string_at(identity, "type")
    role, session = _role_and_session(arn, identity)
    issuer = string_at(identity, "sessionContext", "sessionIssuer", "arn")
    is_sso = role.startswith(_SSO_ROLE_PREFIX) and actor_type == "AssumedRole" and (not issuer or _SSO_PATH in issuer)
    sso_role = _SSO_ROLE.match(role) if is_sso else None
    return Actor(
        type=actor_type,
        name=_name(identity, actor_type, arn, session or role),
        arn=arn,
        account=string_at(identity, "accountId"),
        role=role,
        session=session,
        permission_set=sso_role["permission_set"] if sso_role else "",
        invoked_by=string_at(identity, "invokedBy"),
        identity_provider=string_at(identity, "identityProvider"),
        is_sso=is_sso or actor_type == "IdentityCenterUser",
    )


def _name(identity: object, actor_type: str, arn: str, role_session: str) -> str:
    if actor_type == "Root":
        is_assumed = str(mapping(mapping(identity).get("sessionContext")).get("assumedRoot")).lower() == "true"
        return "Root session (sts:AssumeRoot)" if is_assumed else "Root user"
    candidates = (
        role_session,
        string_at(identity, "userName"),
        arn.rpartition("/" if "/" in arn else ":")[2],
        string_at(identity, "invokedBy"),
        string_at(identity, "onBehalfOf", "userId"),
        string_at(identity, "principalId"),
        string_at(identity, "accountId"),
        actor_type,
    )
    return next(filter(None, candidates), "unknown")


def _role_and_session(arn: str, identity: object) -> tuple[str, str]:
    """Split `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`; some have the role in `sessionContext` only."""
    match = re.match(r"(?s)[^:]*:[^:]*:sts:[^:]*:[^:]*:assumed-role(?:/|$)([^/]*)/?(.*)", arn)
    if match:
        return match[1], match[2]
    if string_at(identity, "type") != "AssumedRole":
        return "", ""
    role = string_at(identity, "sessionContext", "sessionIssuer", "userName")
    return role, string_at(identity, "principalId").partition(":")[2]
