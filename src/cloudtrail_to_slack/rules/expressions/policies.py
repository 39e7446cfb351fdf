"""What an IAM policy in an event lets others do: the functions of rules that read policies. Pure.

Sources: IAM User Guide, "IAM JSON policy elements reference", "AWS global condition context keys" and "Available keys
for AWS OIDC federation"; Service Authorization Reference, the condition keys of AWS KMS, Amazon S3 and Amazon EFS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack.rules.expressions.json_text import json_loads

Statement: TypeAlias = dict[str, Any]  # with its keys in lower case

_ACCOUNT = re.compile(r"(?:arn:[^:]*:[a-z]+::)?([0-9]{12})(?::|$)")
_OWNED_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9*-]*:([0-9]{12}):")
_BUCKET_ARN = re.compile(r"arn:[^:]*:s3:\*?:\*?:[^*]")
# Operators that a request without the key, or with another value, does not pass.
_POSITIVE = re.compile(r"(?:foranyvalue:)?(?:string|arn)(?:equals|like|equalsignorecase)")
_ORGANIZATION_KEY = re.compile(r"aws:(?:principal|source|vpce)org(?:id|paths)")
_ACCOUNT_KEY = re.compile(
    r"aws:(?:principal|source|vpce)account|aws:(?:principal|source)arn|aws:sourceowner|kms:calleraccount"
    r"|s3:dataaccesspoint(?:account|arn)"
)
_OWN_BY_VARIABLE = frozenset(
    {("aws:principalaccount", "${aws:resourceaccount}"), ("aws:resourceaccount", "${aws:principalaccount}"),
     ("aws:resourceorgid", "${aws:principalorgid}")}
)  # fmt: skip
_SOURCE = re.compile(r"aws:source(?:account|arn|owner)")
_READS_OBJECTS = re.compile(r"(?:\*|s3:(?:[*?]|g[*?]|ge[*?]|get[*?]|getobj))")
# Identity providers that give anyone a token, and the conditions that leave one customer of them.
_PUBLIC_PROVIDER = re.compile(
    r"^(?:cognito-identity\.amazonaws\.com|accounts\.google\.com|graph\.facebook\.com|www\.amazon\.com)$"
    r"|oidc-provider/(?:token\.actions\.githubusercontent\.com|gitlab\.com|app\.terraform\.io|agent\.buildkite\.com"
    r"|accounts\.google\.com)$"
)
_ONE_APPLICATION = re.compile(
    r"cognito-identity\.amazonaws\.com:aud|accounts\.google\.com:(?:aud|oaud|sub|email)"
    r"|graph\.facebook\.com:(?:app_id|id)|www\.amazon\.com:(?:app_id|user_id)"
)
_PIPELINES = ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "agent.buildkite.com")
_CLAIMS_OF_AN_OWNER = ("sub", "repository", "job_workflow_ref", "namespace", "project", "organization", "terraform_org")
# Not `repo:*`, nor `repo:acme*`. Like all patterns here, it takes time in proportion to the text.
_OWNER = re.compile(r"[^*?:/]+(?:/[^:]*)?|[^*?:]+:[^*?:/]+(?:[/:].*)?", re.DOTALL)
_EVERY_ACTION = re.compile(r"[*?]+$|[*?]+:|(?:iam|sts|organizations):[*?]+$")
_EVERY_RESOURCE = re.compile(r"[*?]+|arn:[^:]*:iam::[^:]*:(?:[*?]+|(?:user|role|group|policy)/[*?]+)")
_HARMLESS = ("iam:get", "iam:list", "iam:simulate", "iam:generate", "iam:tag", "iam:untag")
_ESCALATING = frozenset(
    {"iam:attachuserpolicy", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:putuserpolicy",
     "iam:putgrouppolicy", "iam:putrolepolicy", "iam:createpolicyversion", "iam:setdefaultpolicyversion",
     "iam:addusertogroup", "iam:createaccesskey", "iam:createloginprofile", "iam:updateloginprofile",
     "iam:updateassumerolepolicy"}
)  # fmt: skip


def policy_opens(event: Mapping[str, Any], *keys: str) -> bool:
    """Whether a policy at one of the keys lets in anyone outside of the event's account, or cannot be read.

    Another account, everyone under no condition that confines them to the account or to an organization, and every
    customer of a public identity provider are outside. A policy is a JSON string or an object.

    Raises:
        RuleBudgetError: a policy is longer than a rule may read, or nested too deeply.
    """
    account = str(event.get("recipientAccountId"))
    return any(statement is None or _opens(statement, account) for key in keys for statement in _statements(event, key))


def policy_grants_admin(event: Mapping[str, Any], *keys: str) -> bool:
    """Whether a policy at one of the keys allows nearly everything, or to get more permissions, or cannot be read.

    Raises:
        RuleBudgetError: as above.
    """
    return any(statement is None or _grants_admin(statement) for key in keys for statement in _statements(event, key))


def _statements(event: Mapping[str, Any], key: str) -> Iterator[Statement | None]:
    """Yield the statements of a policy that allow something; None: it cannot be read."""
    text = event.get(key)
    policy = json_loads(text) if isinstance(text, str) else _nested(event, f"{key}.")
    if policy is None:
        if isinstance(text, str) and text.strip():
            yield None
        return
    if not isinstance(policy, dict):
        yield None
        return
    for name, statements in policy.items():
        if name.lower() == "statement":
            for statement in _listed(statements):
                lowered = {str(each).lower(): value for each, value in mapping(statement).items()}
                if lowered.get("effect") == "Allow":
                    yield lowered


def _nested(event: Mapping[str, Any], prefix: str) -> object:
    """Return the object whose flattened keys begin with `prefix`; None: there is none."""
    tree: dict[str, Any] = {}
    for key, value in event.items():
        if key.startswith(prefix):
            *path, last = key[len(prefix) :].split(".")
            node = tree
            for part in path:
                child = node.setdefault(part, {})
                node = child if isinstance(child, dict) else {}
            node[last] = value
    return tree or None


def _listed(value: object) -> list[Any]:
    """Return a list, also one that was flattened, or the only value as a list."""
    if isinstance(value, dict) and value and all(str(key).isdecimal() for key in value):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _opens(statement: Statement, account: str) -> bool:
    if "notprincipal" in statement:
        return True
    principal = statement.get("principal")
    kinds = [("AWS", principal)] if isinstance(principal, str | list) else list(mapping(principal).items())
    if kinds and all(name.isdecimal() for name, _ in kinds):  # a flattened list
        kinds = [("AWS", principal)]
    limits = list(_limits(statement))
    return any(
        _is_outside(kind.lower(), str(each), statement, limits, account)
        for kind, listed in kinds
        for each in _listed(listed)
    )


Limit: TypeAlias = tuple[str, str, list[Any]]  # operator and key in lower case, and the values


def _limits(statement: Statement) -> Iterator[Limit]:
    for operator, pairs in mapping(statement.get("condition")).items():
        for key, values in mapping(pairs).items():
            yield operator.lower(), key.lower(), _listed(values)


def _is_outside(kind: str, principal: str, statement: Statement, limits: list[Limit], account: str) -> bool:
    """Whether a principal of a statement is outside of the account."""
    if kind == "service":
        return _is_foreign_service(principal, statement, limits, account)
    if kind == "canonicaluser":
        return True
    named = _ACCOUNT.match(principal)
    if named and named[1] != account:
        return True
    is_public_provider = kind == "federated" and _PUBLIC_PROVIDER.search(principal) is not None
    if principal != "*" and not is_public_provider:
        return False
    return not any(_confines(limit, account, of_provider=is_public_provider) for limit in limits)


def _confines(limit: Limit, account: str, *, of_provider: bool) -> bool:
    """Whether a condition leaves only principals of the account or of an organization, or one customer's."""
    operator, key, values = limit
    if not values or not all(isinstance(value, str) for value in values):
        return False
    if (operator, key) == ("bool", "elasticfilesystem:accessedviamounttarget"):
        return all(value.lower() == "true" for value in values)
    if not _POSITIVE.fullmatch(operator):
        return False
    return all(_is_own(key, value, account) or (of_provider and _is_one_customer(key, value)) for value in values)


def _is_own(key: str, value: str, account: str) -> bool:
    if (key, value.lower()) in _OWN_BY_VARIABLE:
        return True
    if _ORGANIZATION_KEY.fullmatch(key):  # which organization is the own one, an event does not say
        return re.match(r"o-[a-z0-9]", value) is not None or value.lower() == "${aws:resourceorgid}"
    if not _ACCOUNT_KEY.fullmatch(key):
        return False
    owner = _OWNED_ARN.match(value)
    if key == "aws:sourcearn" and _BUCKET_ARN.match(value):  # a bucket's ARN has no account
        return True
    return value == account or (owner is not None and owner[1] == account)


def _is_one_customer(key: str, value: str) -> bool:
    if _ONE_APPLICATION.fullmatch(key):
        return value[:1] not in ("", "*", "?")
    provider, _, claim = key.partition(":")
    return provider in _PIPELINES and claim.startswith(_CLAIMS_OF_AN_OWNER) and _OWNER.fullmatch(value) is not None


def _is_foreign_service(service: str, statement: Statement, limits: list[Limit], account: str) -> bool:
    """Whether a service may read objects for another account, or CloudFront for anyone's distribution."""
    actions = [str(each).lower() for each in _listed(statement.get("action", ""))]
    if "notaction" not in statement and not any(map(_READS_OBJECTS.match, actions)):
        return False
    for _, key, values in limits:
        for value in map(str, values) if _SOURCE.fullmatch(key) else ():
            named = re.search(r"(?:^|:)([0-9]{12})(?::|$)", value)
            if named and account not in (value, *value.split(":")[4:5]):
                return True
    return service == "cloudfront.amazonaws.com" and not limits


def _grants_admin(statement: Statement) -> bool:
    if "notaction" in statement:
        return True
    actions = [str(each).lower() for each in _listed(statement.get("action", ""))]
    if any(_EVERY_ACTION.match(action) or _is_broad_on_iam(action) for action in actions):
        return True
    on_everything = "notresource" in statement or any(
        _EVERY_RESOURCE.fullmatch(str(each)) for each in _listed(statement.get("resource"))
    )
    return on_everything and not _ESCALATING.isdisjoint(actions)


def _is_broad_on_iam(action: str) -> bool:
    return action.startswith("iam:") and ("*" in action or "?" in action) and not action.startswith(_HARMLESS)
