"""Secrets: where they come from, and how they are kept out of logs."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from cloudtrail_to_slack.aws.errors import error_code, is_transient
from cloudtrail_to_slack.errors import (
    ConfigurationIssue,
    DestinationMisconfiguredError,
    SecretError,
    TransientError,
)

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

KEPT_SECONDS = 300
SecretKind: TypeAlias = Literal["environment", "ssm", "secretsmanager"]
_KINDS: Mapping[str, SecretKind] = {"": "environment", "_SSM_PARAMETER": "ssm", "_SECRET_ARN": "secretsmanager"}


@dataclass(frozen=True, slots=True)
class SecretSource:
    """The source of a secret: the environment variable `variable`, or what that variable refers to.

    If the secret is in a list, `variable` names its place: `SLACK_WEBHOOK_ROUTES[0].slack_hook_url`.
    """

    variable: str
    kind: SecretKind
    reference: str

    def __repr__(self) -> str:
        shown = "***" if self.kind == "environment" else self.reference
        return f"SecretSource({self.variable!r}, {self.kind!r}, {shown!r})"


# Returns what is wrong with the value of a secret, in words for logs; None: nothing.
ProblemOf = Callable[[SecretSource, str], str | None]


def find_secret(name: str, environment: Mapping[str, str], issues: list[ConfigurationIssue]) -> SecretSource | None:
    """Find the source of the secret `name` (`SLACK_BOT_TOKEN`); None: the environment has none.

    If there are several sources, report an issue: users must not have to guess which one applies.
    """
    sources = [
        SecretSource(name + suffix, kind, value)
        for suffix, kind in _KINDS.items()
        if (value := environment.get(name + suffix, "").strip())
    ]
    if len(sources) > 1:
        given = " and ".join(source.variable for source in sources)
        issues.append(ConfigurationIssue(name, f"is given more than once, by {given}: keep one"))
    return sources[0] if sources else None


def problem_of_word(source: SecretSource, value: str) -> str | None:
    """Return what is wrong with a value that should be a single word."""
    if not value:
        return f"{source.variable} points to an empty secret"
    if value.startswith(("{", "[")):
        return f"{source.variable} holds JSON: store the plain value, or an object with that value alone"
    return None if re.fullmatch(r"[!-~]+", value) else f"{source.variable} holds something other than one plain word"


class SecretReader:
    """Reads secrets, and caches them for `KEPT_SECONDS`."""

    def __init__(self, clients: "AwsClients") -> None:
        self._clients = clients
        self._renewed: set[SecretSource] = set()  # in this invocation

    def begin_invocation(self) -> None:
        """Allow each secret to be read anew, once."""
        self._renewed.clear()

    def read(self, source: SecretSource, problem_of: ProblemOf = problem_of_word) -> str:
        """Return the secret's value, stripped: one word, such as a token, unless `problem_of` allows more.

        Raises:
            SecretError: it cannot be read, or `problem_of` still finds a problem after it was read anew. The message
                names the source and the reason, never the value.
        """
        value = self._value(source)
        if problem_of(source, value) and self.renew(source, value):
            value = self._value(source)
        problem = problem_of(source, value)
        if problem:
            raise SecretError(problem)
        return value

    def read_to_send(self, source: SecretSource, kind: str, problem_of: ProblemOf = problem_of_word) -> str:
        """Return a secret that is needed to send a message; `kind` is its name in logs, such as token or webhook.

        Raises:
            DestinationMisconfiguredError: it cannot be read.
            TransientError: it cannot be read now.
        """
        try:
            return self.read(source, problem_of)
        except SecretError as error:
            from cloudtrail_to_slack.observability.logging import logger  # noqa: PLC0415 (pure modules import this one)

            facts = {"secret": kind, "error": str(error)}
            if error.is_transient:
                logger.warning("a secret cannot be read at the moment", extra=facts)
                raise TransientError(f"{kind}_unreadable") from None
            logger.error("a secret cannot be read", extra=facts)
            raise DestinationMisconfiguredError(f"{kind}_unreadable") from None

    def renew(self, source: SecretSource, rejected: str) -> bool:
        """Read a secret anew, once an invocation, because its value was `rejected` and may have been rotated.

        Return whether it has another value now.
        """
        if source.kind == "environment":
            return False
        fetch = source not in self._renewed
        self._renewed.add(source)
        try:
            return self._value(source, fetch=fetch) != rejected
        except SecretError:
            return False

    def _value(self, source: SecretSource, *, fetch: bool = False) -> str:
        """Return the secret's value, stripped; `fetch`: do not use the cache. Raises SecretError."""
        if source.kind == "environment":
            return source.reference
        name, kept = source.reference, KEPT_SECONDS
        try:
            if source.kind == "ssm":
                value = self._clients.parameters.get(name, max_age=kept, decrypt=True, force_fetch=fetch)
            else:
                value = self._clients.secrets.get(name, max_age=kept, force_fetch=fetch)
            return _plain_value(value.decode() if isinstance(value, bytes) else str(value or ""))
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            cause = error.__cause__ or error.__context__ or error
            message = f"{source.variable} cannot be read ({error_code(cause)})"
            raise SecretError(message, is_transient=_is_transient(cause)) from None


def _plain_value(text: str) -> str:
    """Return the only string in a JSON document, if it holds nothing else; otherwise the stripped text.

    The console of Secrets Manager turns a key and a value into such an object.
    """
    value = text.strip()
    try:
        data = json.loads(value) if value.startswith(("{", '"')) else None
    except (ValueError, RecursionError):
        return value
    found = list(data.values()) if isinstance(data, dict) else [data]
    return found[0].strip() if len(found) == 1 and isinstance(found[0], str) and found[0].strip() else value


def _is_transient(cause: BaseException) -> bool:
    """Return whether AWS may answer the same request in a moment: it is busy, or did not answer at all."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004, PLC0415 (only now)

    if isinstance(cause, ClientError):
        return is_transient(cause.response)
    return isinstance(cause, (ConnectionError, HTTPClientError))
