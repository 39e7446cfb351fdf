"""Secrets: where they come from, and keeping them out of everything that is printed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from cloudtrail_to_slack.errors import Fault, SecretError

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws_clients import AwsClients

KEPT_SECONDS = 300  # a rotated secret is noticed after this long
SecretKind: TypeAlias = Literal["environment", "ssm", "secretsmanager"]
_REFERENCES: Mapping[str, SecretKind] = {
    "_SSM_PARAMETER": "ssm",
    "_SECRET_ARN": "secretsmanager",
}


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


def find_secret(name: str, environment: Mapping[str, str], faults: list[Fault]) -> SecretSource | None:
    """Find the source of the secret `name` (`SLACK_BOT_TOKEN`); None when the environment has none.

    Given in more than one way, it notes a fault: which one counts must not be a guess.
    """
    sources: list[SecretSource] = []
    if value := environment.get(name, "").strip():
        sources.append(SecretSource(name, "environment", value))
    for suffix, kind in _REFERENCES.items():
        if value := environment.get(name + suffix, "").strip():
            sources.append(SecretSource(name + suffix, kind, value))
    if len(sources) > 1:
        given = " and ".join(source.variable for source in sources)
        faults.append(Fault(name, f"is given more than once, by {given}: keep one"))
    return sources[0] if sources else None


class SecretReader:
    """Reads secrets, and keeps what it read for `KEPT_SECONDS`."""

    def __init__(self, clients: "AwsClients") -> None:
        self._clients = clients

    def read(self, source: SecretSource) -> str:
        """Return the secret's value, stripped.

        Raises:
            SecretError: it cannot be read, or is empty. Says where it should be and why not; never what it is.
        """
        if source.kind == "environment":
            return source.reference
        try:
            value = self._parameter(source.reference) if source.kind == "ssm" else self._secret(source.reference)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            raise SecretError(f"{source.variable} cannot be read ({type(error).__name__})") from None
        if not value.strip():
            raise SecretError(f"{source.variable} points to an empty secret")
        return value.strip()

    def read_word(self, source: SecretSource) -> str:
        """Return the value of a secret that is one word, such as a token.

        Raises:
            SecretError: as `read`, or it is something else: a JSON document, say, which would end up in a header.
        """
        value = self.read(source)
        if not re.fullmatch(r"[!-~]+", value) or value.startswith("{"):
            raise SecretError(f"{source.variable} holds something else than one plain word")
        return value

    def _parameter(self, name: str) -> str:
        value = self._clients.parameters.get(name, max_age=KEPT_SECONDS, decrypt=True)
        return value if isinstance(value, str) else ""

    def _secret(self, arn: str) -> str:
        value = self._clients.secrets.get(arn, max_age=KEPT_SECONDS)
        return value.decode() if isinstance(value, bytes) else value if isinstance(value, str) else ""
