"""Secrets: where they come from, and keeping them out of everything that is printed."""

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
    """Where a secret is: in the environment variable `variable` itself, or where that variable points to.

    Of one in a list, `variable` names the place: `SLACK_WEBHOOK_ROUTES[0].slack_hook_url`.
    """

    variable: str
    kind: SecretKind
    reference: str

    def __repr__(self) -> str:
        shown = "***" if self.kind == "environment" else self.reference
        return f"SecretSource({self.variable!r}, {self.kind!r}, {shown!r})"


# Returns what is wrong with the value of a secret, in words for logs; None: it is as it should be.
ProblemOf = Callable[[SecretSource, str], str | None]


def find_secret(name: str, environment: Mapping[str, str], issues: list[ConfigurationIssue]) -> SecretSource | None:
    """Find the source of the secret `name` (`SLACK_BOT_TOKEN`); None when the environment has none.

    Given in more than one way, it reports an issue: which one counts must not be a guess.
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
    """Return what is wrong with a value that should be one word."""
    if not value:
        return f"{source.variable} points to an empty secret"
    if value.startswith(("{", "[")):
        return f"{source.variable} holds JSON: store the plain value, or an object with that value alone"
    return None if re.fullmatch(r"[!-~]+", value) else f"{source.variable} holds something else than one plain word"


class SecretReader:
    """Reads secrets, and keeps what it read for `KEPT_SECONDS`."""

    def __init__(self, clients: "AwsClients") -> None:
        self._clients = clients
        self._renewed: set[SecretSource] = set()  # in this invocation

    def begin_invocation(self) -> None:
        """Let each secret be read anew once more."""
        self._renewed.clear()

    def read(self, source: SecretSource, problem_of: ProblemOf = problem_of_word) -> str:
        """Return the secret's value, stripped: one word, such as a token, unless `problem_of` says otherwise.

        Raises:
            SecretError: it cannot be read, or `problem_of` finds a problem, also when it is read anew. Says where it
                should be and why not; never what it is.
        """
        value = self._value(source)
        if problem_of(source, value) and self.renew(source, value):
            value = self._value(source)
        problem = problem_of(source, value)
        if problem:
            raise SecretError(problem)
        return value

    def read_to_send(self, source: SecretSource, kind: str, problem_of: ProblemOf = problem_of_word) -> str:
        """Return the value of a secret that messages are sent with, a token or a webhook, as `kind` says.

        Raises:
            DestinationMisconfiguredError, TransientError: it cannot be read, for good or just now.
        """
        try:
            return self.read(source, problem_of)
        except SecretError as error:
            from cloudtrail_to_slack.observability.logging import logger  # noqa: PLC0415 (what is pure imports this module)

            facts = {"secret": kind, "error": str(error)}
            if error.is_transient:
                logger.warning("a secret cannot be read at the moment", extra=facts)
                raise TransientError(f"{kind}_unreadable") from None
            logger.error("a secret cannot be read", extra=facts)
            raise DestinationMisconfiguredError(f"{kind}_unreadable") from None

    def renew(self, source: SecretSource, refused: str) -> bool:
        """Read anew, once an invocation, a secret whose value was `refused`, for it may have been rotated.

        Return whether it has another value now.
        """
        if source.kind == "environment":
            return False
        fetch = source not in self._renewed
        self._renewed.add(source)
        try:
            return self._value(source, fetch=fetch) != refused
        except SecretError:
            return False

    def _value(self, source: SecretSource, *, fetch: bool = False) -> str:
        """Return the secret's value, stripped; `fetch`: not the one that is kept. Raises SecretError."""
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
    """Return the one string in a JSON document that holds nothing else; else the text as it is, stripped.

    The console of Secrets Manager makes such an object of a key and a value.
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
