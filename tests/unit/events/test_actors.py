"""Who did it, in words."""

from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.events.actor import Actor, person_behind, read_actor
from support.strategies import identities, json_values

SSO_ARN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_Access_0123456789abcdef/jo@example.com"
ISSUER = {"sessionIssuer": {"type": "Role", "userName": "deployer"}}

NAMES: dict[str, tuple[dict[str, Any], str]] = {
    "root": ({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "userName": "my-account"}, "Root user"),
    "a session of AssumeRoot": (
        {"type": "Root", "arn": "arn:aws:iam::1:root", "sessionContext": {"assumedRoot": "true"}},
        "Root session (sts:AssumeRoot)",
    ),
    "root with a session": (
        {"type": "Root", "arn": "arn:aws:iam::1:root", "sessionContext": {"attributes": {}}},
        "Root user",
    ),
    "an IAM user": ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/jo", "userName": "jo"}, "jo"),
    "an IAM user by ARN": ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/team/jo"}, "jo"),
    "an assumed role": ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/web/session-1"}, "session-1"),
    "an assumed role without ARN": (
        {"type": "AssumedRole", "principalId": "AROAX:session-1", "sessionContext": ISSUER},
        "session-1",
    ),
    "an assumed role without session": ({"type": "AssumedRole", "sessionContext": ISSUER}, "deployer"),
    "Identity Center's role": ({"type": "AssumedRole", "arn": SSO_ARN}, "jo@example.com"),
    "Identity Center's user": ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "94482488"}}, "94482488"),
    "a federated user": (
        {"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/jo"},
        "jo",
    ),
    "a SAML user": ({"type": "SAMLUser", "userName": "jo@example.com"}, "jo@example.com"),
    "a service": ({"type": "AWSService", "invokedBy": "config.amazonaws.com"}, "config.amazonaws.com"),
    "another account": ({"type": "AWSAccount", "principalId": "AIDAX", "accountId": "444455556666"}, "AIDAX"),
    "only an account": ({"type": "AWSAccount", "accountId": "444455556666"}, "444455556666"),
    "only a type": ({"type": "Unknown"}, "Unknown"),
    "an empty ARN": ({"type": "IAMUser", "arn": "", "userName": "jo"}, "jo"),
    "parts of other types": ({"type": 5, "arn": ["x"], "userName": {"a": 1}, "principalId": None}, "unknown"),
    "nothing": ({}, "unknown"),
}


@pytest.mark.parametrize(("identity", "name"), NAMES.values(), ids=NAMES)
def test_names(identity: dict[str, Any], name: str) -> None:
    """Each kind of identity is called what a person would call it."""
    assert read_actor(identity).name == name


@pytest.mark.parametrize(
    ("identity", "name"), [("AWS Internal ", "AWS Internal"), ("", "unknown"), (None, "unknown"), ([], "unknown")]
)
def test_identities_that_are_no_objects(identity: object, name: str) -> None:
    """A string is the name itself, anything else is unknown."""
    assert read_actor(identity) == Actor(type="", name=name)


def test_assumed_role() -> None:
    """Role and session come from the ARN, in any partition."""
    actor = read_actor({"type": "AssumedRole", "arn": "arn:aws-cn:sts::1:assumed-role/web/a/b", "accountId": "1"})
    assert (actor.role, actor.session, actor.account) == ("web", "a/b", "1")
    assert (actor.permission_set, actor.is_sso) == ("", False)


def test_assumed_role_without_arn() -> None:
    """Without an ARN, role and session come from the session's issuer and the principal."""
    actor = read_actor({"type": "AssumedRole", "principalId": "AROAX:s", "sessionContext": ISSUER})
    assert (actor.role, actor.session) == ("deployer", "s")


@pytest.mark.parametrize("context", [None, "x", [], {"sessionIssuer": None}, {"sessionIssuer": "x"}])
def test_session_context_of_any_shape(context: object) -> None:
    """A session context that names no role gives none."""
    actor = read_actor({"type": "AssumedRole", "principalId": "AROAX:s", "sessionContext": context})
    assert (actor.role, actor.session, actor.name) == ("", "s", "s")


def test_permission_set() -> None:
    """A role of Identity Center gives the permission set, underscores in its name included."""
    actor = read_actor({"type": "AssumedRole", "arn": SSO_ARN})
    assert (actor.permission_set, actor.is_sso) == ("Admin_Access", True)


@pytest.mark.parametrize("role", ["MyAWSReservedSSO_Admin_0123456789abcdef", "aws-reserved", "web"])
def test_roles_that_only_sound_like_identity_center(role: str) -> None:
    """A role that merely has the words in its name is not a role of Identity Center."""
    assert not read_actor({"type": "AssumedRole", "arn": f"arn:aws:sts::1:assumed-role/{role}/jo"}).is_sso


ISSUED_ELSEWHERE = {"sessionIssuer": {"arn": "arn:aws:iam::1:role/AWSReservedSSO_Admin_Access_0123456789abcdef"}}


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "IAMUser", "arn": "arn:aws:iam::1:user/assumed-role/AWSReservedSSO_x/jo"},
        {"type": "IAMUser", "arn": "arn:aws:iam::1:assumed-role/AWSReservedSSO_x/jo"},
        {"type": "IAMUser", "arn": SSO_ARN},
        {"type": "AssumedRole", "arn": SSO_ARN, "sessionContext": ISSUED_ELSEWHERE},
        {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSOx/jo"},
    ],
)
def test_chosen_names_make_no_one_a_user_of_identity_center(identity: dict[str, Any]) -> None:
    """Paths, session names and roles that someone chose to look like Identity Center are not taken for it."""
    assert not read_actor(identity).is_sso


def test_identity_center_user() -> None:
    """A user of Identity Center is one without any role."""
    assert read_actor({"type": "IdentityCenterUser"}).is_sso


def test_only_an_assumed_role_takes_its_issuers_role() -> None:
    """The session issuer of another kind of identity makes no role of it."""
    assert read_actor({"type": "IAMUser", "userName": "jo", "sessionContext": ISSUER}).role == ""


@settings(deadline=None, max_examples=100)
@given(identity=identities())
def test_any_identity(identity: object) -> None:
    """No identity raises, and everyone has a name."""
    actor = read_actor(identity)
    assert actor.name
    assert all(isinstance(getattr(actor, part), str | bool) for part in Actor.__slots__)


@settings(deadline=None, max_examples=100)
@given(identity=json_values())
def test_any_json_as_identity(identity: object) -> None:
    """Any JSON in the identity's place gives an actor with a name."""
    assert read_actor(identity).name


def test_the_person_behind_a_session() -> None:
    """A source identity and an Identity Center user are named where the record has them, and nothing is guessed."""
    identity = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::1:assumed-role/web/jo@example.com",
        "sessionContext": {"sourceIdentity": "jo"},
        "onBehalfOf": {"userId": "94482488", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"},
    }
    assert person_behind(identity) == [
        ("source identity", "jo"),
        ("on behalf of the Identity Center user", "94482488"),
    ]
    assert person_behind({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/web/jo@example.com"}) == []


@given(identity=json_values())
def test_the_person_behind_any_identity(identity: Any) -> None:
    """Whatever an identity is, its labels have values."""
    assert all(value for _, value in person_behind(identity))
