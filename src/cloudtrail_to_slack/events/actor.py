"""Who did it: the `userIdentity` of a record in words. Pure.

Sources: AWS CloudTrail User Guide, "CloudTrail userIdentity element"; IAM User Guide, "Track privileged tasks in AWS
CloudTrail".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudtrail_to_slack.json_fields import mapping, string

_SSO_ROLE = re.compile(r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}$")
_SSO_ROLE_PREFIX = "AWSReservedSSO_"
_SSO_PATH = ":role/aws-reserved/sso.amazonaws.com/"  # IAM reserves it


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as far as the record says; unknown parts are empty. Texts are unescaped and unbounded.

    `name` is what a person would call them and never empty. `role` and `session` are set for an assumed role;
    `permission_set` for a role of IAM Identity Center, whose sessions are named after its users. `is_sso`: this is a
    user of IAM Identity Center.
    """

    type: str
    name: str
    arn: str = ""
    principal_id: str = ""
    account: str = ""
    role: str = ""
    session: str = ""
    permission_set: str = ""
    invoked_by: str = ""
    identity_provider: str = ""
    is_sso: bool = False

    @property
    def label(self) -> str:
        """The name, with the role where a session's name alone would say little."""
        return f"{self.role}/{self.session}" if self.role and self.session and not self.is_sso else self.name


def person_behind(identity: object) -> list[tuple[str, str]]:
    """Return who the record says is behind a role's session, as labels and values; nothing is guessed.

    Sources: IAM User Guide, "Monitor and control actions taken with assumed roles" (`sourceIdentity`); AWS CloudTrail
    User Guide, "CloudTrail userIdentity element" (`onBehalfOf`).
    """
    source = _stripped(mapping(mapping(identity).get("sessionContext")).get("sourceIdentity"))
    user = _stripped(mapping(mapping(identity).get("onBehalfOf")).get("userId"))
    found = (("source identity", source), ("on behalf of the Identity Center user", user))
    return [(label, value) for label, value in found if value]


def read_actor(identity: object) -> Actor:
    """Read a record's `userIdentity`, whatever it is."""
    if isinstance(identity, str) and identity.strip():
        return Actor(type="", name=identity.strip())
    if not isinstance(identity, Mapping):
        return Actor(type="", name="unknown")
    arn = _stripped(identity.get("arn"))
    role, session = _role_and_session(arn, identity)
    actor_type = _stripped(identity.get("type"))
    is_sso_role = _is_sso_role(role, actor_type, identity)
    sso = _SSO_ROLE.match(role) if is_sso_role else None
    return Actor(
        type=actor_type,
        name=_name(identity, actor_type, arn, session or role),
        arn=arn,
        principal_id=_stripped(identity.get("principalId")),
        account=_stripped(identity.get("accountId")),
        role=role,
        session=session,
        permission_set=sso["permission_set"] if sso else "",
        invoked_by=_stripped(identity.get("invokedBy")),
        identity_provider=_stripped(identity.get("identityProvider")),
        is_sso=is_sso_role or actor_type == "IdentityCenterUser",
    )


def _name(identity: Mapping[str, Any], actor_type: str, arn: str, role_session: str) -> str:
    if actor_type == "Root":
        return "Root session (sts:AssumeRoot)" if _is_assumed_root(identity) else "Root user"
    candidates = (
        role_session,
        _stripped(identity.get("userName")),
        arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2],
        _stripped(identity.get("invokedBy")),
        _stripped(mapping(identity.get("onBehalfOf")).get("userId")),
        _stripped(identity.get("principalId")),
        _stripped(identity.get("accountId")),
        actor_type,
    )
    return next(filter(None, candidates), "unknown")


def _role_and_session(arn: str, identity: Mapping[str, Any]) -> tuple[str, str]:
    """Split `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`; some have the role in `sessionContext` only."""
    parts = arn.split(":", 5)
    kind, _, rest = parts[5].partition("/") if len(parts) == 6 and parts[2] == "sts" else ("", "", "")  # noqa: PLR2004 (an ARN has six parts)
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        return role, session
    if _stripped(identity.get("type")) != "AssumedRole":
        return "", ""
    return _stripped(_session_issuer(identity).get("userName")), _stripped(identity.get("principalId")).partition(":")[
        2
    ]


def _is_sso_role(role: str, actor_type: str, identity: Mapping[str, Any]) -> bool:
    issuer = _stripped(_session_issuer(identity).get("arn"))
    return role.startswith(_SSO_ROLE_PREFIX) and actor_type == "AssumedRole" and (not issuer or _SSO_PATH in issuer)


def _is_assumed_root(identity: Mapping[str, Any]) -> bool:
    return str(mapping(identity.get("sessionContext")).get("assumedRoot")).lower() == "true"


def _session_issuer(identity: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(identity.get("sessionContext")).get("sessionIssuer"))


def _stripped(value: object) -> str:
    return string(value).strip()
