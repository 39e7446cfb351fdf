"""The events and their fields, according to AWS's API models.

`events.txt.gz` has one line an event: the event's name, the service, whether it only reads, and the fields of its
request and of its response. `python -m cloudtrail_to_slack_dev.event_catalogue` writes it.
"""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cloudtrail_to_slack.rules.expressions.known_fields import LEAVES, OF_SESSION_CONTEXT, OF_USER_IDENTITY

DATA = "events.txt.gz"
_OF_ISSUER = ("type", "principalId", "arn", "accountId", "userName")
_OTHER_EVENTS = (
    ("ConsoleLogin", "signin.amazonaws.com", "responseElements.ConsoleLogin additionalEventData.MFAUsed"),
    ("SwitchRole", "signin.amazonaws.com", "responseElements.SwitchRole additionalEventData.SwitchFrom"),
    ("ExitRole", "signin.amazonaws.com", "responseElements.ExitRole"),
    ("CheckMfa", "signin.amazonaws.com", "responseElements.CheckMfa additionalEventData.MfaType"),
    ("PasswordRecoveryRequested", "signin.amazonaws.com", "responseElements.PasswordRecoveryRequested"),
    ("RotateKey", "kms.amazonaws.com", "serviceEventDetails.keyId"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event: its `eventName`, its `eventSource`, whether it only reads, and its own fields as rules read them."""

    name: str
    source: str
    fields: tuple[str, ...]
    is_read_only: bool = False


def record_fields() -> list[str]:
    """Return the fields that records of all events may have, as rules read them."""
    identity = OF_USER_IDENTITY - {"sessionContext", "onBehalfOf", "inScopeOf"}
    context = OF_SESSION_CONTEXT - {"sessionIssuer", "attributes", "webIdFederationData"}
    nested = {
        "userIdentity": identity,
        "userIdentity.sessionContext": context,
        "userIdentity.sessionContext.sessionIssuer": _OF_ISSUER,
        "userIdentity.sessionContext.attributes": ("mfaAuthenticated", "creationDate"),
        "userIdentity.onBehalfOf": ("userId", "identityStoreArn"),
        "tlsDetails": ("tlsVersion", "cipherSuite", "clientProvidedHostHeader"),
        "resources.0": ("ARN", "accountId", "type"),
    }
    return sorted([*LEAVES, *(f"{above}.{name}" for above, names in nested.items() for name in names)])


def search(words: Iterable[str]) -> Iterator[KnownEvent]:
    """Yield the events in whose name, source or fields every word occurs, those that are named so first."""
    wanted = [word.lower() for word in words]
    found = [
        event for event, text in zip(known_events(), _texts(), strict=True) if all(word in text for word in wanted)
    ]
    yield from sorted(found, key=lambda event: (_rank(event, wanted), event.name, event.source))


def known_sources(name: str) -> frozenset[str]:
    """Return the services that have an event of this name; none if the name is not known."""
    return _sources().get(name, frozenset())


def is_known_source(source: str) -> bool:
    """Whether a service is known."""
    return any(source in sources for sources in _sources().values())


@cache
def _sources() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for event in known_events():
        found.setdefault(event.name, set()).add(event.source)
    return {name: frozenset(sources) for name, sources in found.items()}


@cache
def known_events() -> tuple[KnownEvent, ...]:
    """Return all events."""
    text = gzip.decompress(files(__name__).joinpath(DATA).read_bytes()).decode()
    others = (KnownEvent(name, source, fields=tuple(own.split())) for name, source, own in _OTHER_EVENTS)
    return (*map(_read, text.splitlines()), *others)


@cache
def _texts() -> tuple[str, ...]:
    return tuple(" ".join((event.name, event.source, *event.fields)).lower() for event in known_events())


def _read(line: str) -> KnownEvent:
    name, source, reads, request, response = line.split("\t")
    fields = [f"requestParameters.{field}" for field in request.split()]
    fields += [f"responseElements.{field}" for field in response.split()]
    return KnownEvent(name, source, tuple(fields), is_read_only=reads == "r")


def _rank(event: KnownEvent, words: list[str]) -> int:
    """Return how well an event fits: named so, named like it, of such a name and service, with such a field."""
    name = event.name.lower()
    if words and name == words[0]:
        return 0
    if all(word in name for word in words):
        return 1
    return 2 if all(word in f"{name} {event.source}" for word in words) else 3
