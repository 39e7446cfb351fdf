"""Who did it: the `userIdentity` of a record in words. Pure.

Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SSO_ROLE = re.compile(r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}$")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as far as the record tells; unknown parts are empty. Texts are unescaped and unbounded.

    `name` is what a person would call them and never empty. `role` and `session` are set for an assumed role;
    `permission_set` for a role of IAM Identity Center, whose sessions are named after its users.
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

    @property
    def label(self) -> str:
        """The name, with the role where a session's name alone would say little."""
        return f"{self.role}/{self.session}" if self.role and self.session and not self.is_sso else self.name

    @property
    def is_sso(self) -> bool:
        """Whether this is a user of IAM Identity Center."""
        return self.role.startswith("AWSReservedSSO") or self.type == "IdentityCenterUser"


def read_actor(identity: object) -> Actor:
    """Read a record's `userIdentity`, whatever it is."""
    if isinstance(identity, str) and identity.strip():
        return Actor(type="", name=identity.strip())
    if not isinstance(identity, Mapping):
        return Actor(type="", name="unknown")
    arn = _text(identity.get("arn"))
    role, session = _role_and_session(arn, identity)
    sso = _SSO_ROLE.match(role)
    actor_type = _text(identity.get("type"))
    return Actor(
        type=actor_type,
        name=_name(identity, actor_type, arn, session or role),
        arn=arn,
        principal_id=_text(identity.get("principalId")),
        account=_text(identity.get("accountId")),
        role=role,
        session=session,
        permission_set=sso["permission_set"] if sso else "",
        invoked_by=_text(identity.get("invokedBy")),
        identity_provider=_text(identity.get("identityProvider")),
    )


def _name(identity: Mapping[str, Any], actor_type: str, arn: str, role_session: str) -> str:
    if actor_type == "Root":
        return "Root user"
    on_behalf_of = identity.get("onBehalfOf")
    candidates = (
        role_session,
        _text(identity.get("userName")),
        arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2],
        _text(identity.get("invokedBy")),
        _text(on_behalf_of.get("userId")) if isinstance(on_behalf_of, Mapping) else "",
        _text(identity.get("principalId")),
        _text(identity.get("accountId")),
        actor_type,
    )
    return next(filter(None, candidates), "unknown")


def _role_and_session(arn: str, identity: Mapping[str, Any]) -> tuple[str, str]:
    """Split `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`; some tell the role in `sessionContext` only."""
    resource = arn.split(":", 5)[5] if arn.count(":") >= 5 else ""  # noqa: PLR2004 (an ARN has six parts)
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        return role, session
    if _text(identity.get("type")) != "AssumedRole":
        return "", ""
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, Mapping) else None
    role = _text(issuer.get("userName")) if isinstance(issuer, Mapping) else ""
    return role, _text(identity.get("principalId")).partition(":")[2]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
