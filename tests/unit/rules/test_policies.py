"""What policies in events let others do; the tests of the packs' rules have many more policies."""

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack.rules.expressions.limits import MAX_JSON
from support.timers import reference_seconds

OWN, OTHER = "111122223333", "999988887777"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}


def allow(principal: object, **more: Any) -> dict[str, Any]:
    """A policy of one statement that allows a principal to read secrets."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "secretsmanager:GetSecretValue", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def flat(policy: object) -> Any:
    """An event of the own account with the policy, flattened."""
    return read_event({"recipientAccountId": OWN, "requestParameters": {"policy": policy}}).flat


def opens(policy: object) -> object:
    """What a rule sees of a policy."""
    return compile_expression('policy_opens(event, "requestParameters.other", "requestParameters.policy")')(
        flat(policy)
    )


def grants(policy: object) -> object:
    """Likewise."""
    return compile_expression('policy_grants_admin(event, "requestParameters.policy")')(flat(policy))


OPEN: dict[str, object] = {
    "another account": allow({"AWS": f"arn:aws:iam::{OTHER}:root"}),
    "another account in the organization": allow({"AWS": OTHER}, Condition=ORGANIZATION),
    "everyone": allow("*"),
    "everyone, in a list": allow(["*"]),
    "everyone but one": {"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "*"}},
    "a condition without values": allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": []}}),
    "one of two values": allow("*", Condition={"StringEquals": {"aws:PrincipalAccount": [OWN, OTHER]}}),
    "keys in other letters": {"statement": [{"effect": "Allow", "PRINCIPAL": "*", "action": "*"}]},
    "no object": json.dumps([allow("*")]),
    "a string that is cut off": json.dumps(allow({"AWS": OWN}))[:-5],
    "a canonical user": allow({"CanonicalUser": "79a59df900b949e5"}),
    "anyone's distribution": allow({"Service": "cloudfront.amazonaws.com"}, Action="s3:GetObject"),
    "a service for another account": allow(
        {"Service": "x.amazonaws.com"}, Action="s3:*", Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:x::{OTHER}:y"}}
    ),
}
CLOSED: dict[str, object] = {
    "the own account": allow({"AWS": [OWN, f"arn:aws:iam::{OWN}:role/{OTHER}"]}),
    "a user that was deleted": allow({"AWS": "AIDAEXAMPLE"}),
    "everyone in the organization": allow({"AWS": "*"}, Condition=ORGANIZATION),
    "the own organization, by a variable": allow(
        "*", Condition={"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}
    ),
    "another account is denied": {"Statement": [{"Effect": "Deny", "Principal": {"AWS": OTHER}, "Action": "*"}]},
    "a service": allow({"Service": "s3.amazonaws.com"}, Action="s3:*"),
    "no policy": "",
    "an empty policy": {},
    "a statement that is none": {"Statement": ["x", None, 5]},
}


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "object"])
@pytest.mark.parametrize("name", OPEN)
def test_a_policy_that_opens(name: str, *, as_text: bool) -> None:
    """A policy that lets in outsiders, or that cannot be read, is seen as text and as an object."""
    policy = OPEN[name]
    assert opens(json.dumps(policy) if as_text and not isinstance(policy, str) else policy) is True


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "object"])
@pytest.mark.parametrize("name", CLOSED)
def test_a_policy_that_does_not(name: str, *, as_text: bool) -> None:
    """A policy for the account or its organization, and one that allows nothing, opens nothing."""
    policy = CLOSED[name]
    assert opens(json.dumps(policy) if as_text and not isinstance(policy, str) else policy) is False


@pytest.mark.parametrize(
    ("statement", "is_admin"),
    [
        ({"Action": "*", "Resource": "arn:aws:s3:::one"}, True),
        ({"Action": ["s3:GetObject", "IAM:*"], "Resource": "*"}, True),
        ({"NotAction": "iam:*", "Resource": "*"}, True),
        ({"Action": "iam:Put*", "Resource": "arn:aws:iam::1:role/one"}, True),
        ({"Action": "iam:PutUserPolicy", "Resource": "*"}, True),
        ({"Action": "iam:PutUserPolicy", "NotResource": "x"}, True),
        ({"Action": "iam:PutUserPolicy", "Resource": "arn:aws:iam::1:user/one"}, False),
        ({"Action": ["iam:Get*", "iam:List*"], "Resource": "*"}, False),
        ({"Action": "s3:*", "Resource": "*"}, False),
        ({"Action": "*", "Resource": "*", "Effect": "Deny"}, False),
        ({}, False),
    ],
)
def test_a_policy_that_grants_nearly_everything(statement: dict[str, Any], *, is_admin: bool) -> None:
    """Everything, all of IAM, and what leads to it on any user or role are seen; less is not."""
    policy = {"Statement": [{"Effect": "Allow", **statement}]}
    assert grants(json.dumps(policy)) is is_admin
    assert grants(policy) is is_admin
    assert grants(json.dumps(policy)[:-1]) is True


def test_a_policy_beyond_measure() -> None:
    """A policy longer or deeper than a rule may read is an error of the rule, and not a policy that is harmless."""
    for text in ("[" * 100_000, f'{{"a": "{"x" * MAX_JSON}"}}'):
        with pytest.raises(RuleBudgetError):
            opens(text)


@pytest.mark.parametrize(
    "text", ["/" * 40_000 + ":", "organization" * 4_000 + "!", "*" * 40_000 + "x", "arn:" * 10_000]
)
def test_no_text_is_slow(text: str) -> None:
    """Names and values of any length take no time worth mentioning, wherever they stand in a policy."""
    provider = {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com", "AWS": text}
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": text, f"gitlab.com:{text}": text}}
    policy = json.dumps(allow(provider, Action=text, Resource=text, Condition=condition | {text: {text: text}}))
    begin = process_time()
    opens(policy)
    grants(policy)
    assert process_time() - begin < 20 * reference_seconds()


def policies() -> st.SearchStrategy[Any]:
    """Policies of any shape, most of them nearly sensible."""
    leaves = st.sampled_from(
        [None, True, 5, "*", OWN, OTHER, "Allow", "s3:GetObject", "o-example", f"arn:aws:iam::{OWN}:x"]
    )
    values = st.one_of(leaves, st.lists(leaves, max_size=3))
    names = st.sampled_from(
        ["AWS", "Service", "Federated", "StringEquals", "Bool", "aws:PrincipalOrgID", "aws:SourceArn", "0"]
    )
    nested = st.recursive(values, lambda each: st.dictionaries(names, each, max_size=2), max_leaves=6)
    parts = st.sampled_from(["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"])
    statements = st.dictionaries(parts, nested, max_size=5).map(lambda each: {"Effect": "Allow", **each})
    return st.one_of(
        nested,
        st.fixed_dictionaries({"Statement": st.one_of(statements, st.lists(statements, min_size=1, max_size=3))}),
    )


@settings(deadline=None, max_examples=150)
@example(policy={"Statement": [{"Effect": "Allow", "Principal": {"AWS": {"0": "*"}}}]})
@given(policy=policies())
def test_no_policy_raises(policy: Any) -> None:
    """Whatever an attacker sends as a policy, the answer is True or False, as text and as an object."""
    for function in (opens, grants):
        assert {type(function(policy)), type(function(json.dumps(policy)))} == {bool}
