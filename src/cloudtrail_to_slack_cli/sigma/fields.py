"""How an expression reads a field that a Sigma rule names, and how CloudTrail spells its values."""

import json
import re
from collections.abc import Callable, Mapping

from cloudtrail_to_slack.rules.expressions.known_fields import CONTAINERS
from cloudtrail_to_slack.rules.lint.known_events import is_known, spellings

# Containers without lists. Of the others any part may be a list, and positions are part of our keys but not of Sigma's.
_WITHOUT_LISTS = frozenset({"userIdentity", "tlsDetails"})
_OBJECTS = CONTAINERS | {
    "userIdentity.sessionContext", "userIdentity.sessionContext.sessionIssuer",
    "userIdentity.sessionContext.attributes", "userIdentity.sessionContext.webIdFederationData",
    "userIdentity.sessionContext.webIdFederationData.attributes", "userIdentity.onBehalfOf", "userIdentity.inScopeOf",
}  # fmt: skip
_BOOLEANS = ("readOnly", "managementEvent", "userIdentity.sessionContext.assumedRoot")
_POSITIONS = "([.][0-9]+)*"
# CloudTrail writes these in small letters.
_LOWER = frozenset({"eventSource", "awsRegion"})
# Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element".
_VALUES: Mapping[str, tuple[str, ...]] = {
    "eventType": (
        "AwsApiCall", "AwsServiceEvent", "AwsConsoleAction", "AwsConsoleSignIn", "AwsVpceEvent", "AwsCloudTrailInsight",
    ),
    "eventCategory": ("Management", "Data", "NetworkActivity", "Insight"),
    "userIdentity.type": (
        "Root", "IAMUser", "AssumedRole", "Role", "FederatedUser", "Directory", "AWSAccount", "AWSService",
        "IdentityCenterUser", "SAMLUser", "WebIdentityUser", "Unknown",
    ),
}  # fmt: skip


def quoted(text: str) -> str:
    """Return a string as an expression writes it."""
    return json.dumps(text, ensure_ascii=False)


def spelled(field: str | None, value: str) -> tuple[str, ...]:
    """Return how CloudTrail spells a value of a field, whatever its letter case; empty: that is not known."""
    if field in _LOWER:
        return (value.lower(),)
    if field == "eventName":
        return spellings(value) or ((value,) if is_known(value) else ())
    return tuple(known for known in _VALUES.get(field or "", ()) if known.lower() == value.lower())


def is_leaf(field: str) -> bool:
    """Whether a field is always one key of the event: no object, no list, and in none."""
    return field not in _OBJECTS and (field.partition(".")[0] in _WITHOUT_LISTS or not _is_in_container(field))


def get(field: str) -> str:
    """Return the expression that reads one key."""
    return f"event.get({quoted(field)})"


def is_string(subject: str) -> bool:
    """Whether an expression reads a key that holds a string, if anything."""
    return subject.startswith("event.get(") and subject not in map(get, _BOOLEANS)


def any_value(field: str, test: Callable[[str], str], names: tuple[str, str] = ("key", "value")) -> str:
    """Return the expression that is True if the test is, on the value of a field; of an object or list, on any in it.

    `test` returns the test on an expression. `names` are the variables to use.
    """
    if is_leaf(field):
        return test(get(field))
    key, value = names
    return f"any({test(value)} for {key}, {value} in event.items() if {_is_key(field, key)})"


def exists(field: str) -> str:
    """Return the expression that is True if an event has a field, whatever its value."""
    if is_leaf(field):
        return f"{quoted(field)} in event"
    return f"any({_is_key(field, 'key')} for key in event.keys())"


def _is_key(field: str, key: str) -> str:
    """Return the expression that is True if a key is that of a field, or of something in it."""
    pattern = f"{_POSITIONS}[.]".join(map(re.escape, field.split(".")))
    return f"re_match({quoted(f'{pattern}([.]|$)')}, {key})"


def _is_in_container(field: str) -> bool:
    return field.partition(".")[0] in CONTAINERS
