"""What a destination is: it renders alerts and notices, sends one message to one address, and says why that failed.

Deduplication, queues, retries and fallback are those of `delivery` for all of them. A message limit and threads are
optional.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.routes import Route, Routes
from cloudtrail_to_slack.config.secrets import SecretReader, SecretSource, find_secret
from cloudtrail_to_slack.retry import Steps

if TYPE_CHECKING:
    from cloudtrail_to_slack.alerts.alert import Alert, PendingAlert
    from cloudtrail_to_slack.alerts.notice import Notice
    from cloudtrail_to_slack.alerts.text import Line
    from cloudtrail_to_slack.aws.clients import AwsClients

TIMEOUT_SECONDS = 10  # that a destination may take for an answer
P = TypeVar("P")  # what the destination sends: the payload of one message
Sizes = Sequence[Callable[[], P]]  # make the same message, the largest first: each next one has less to be rejected for


@dataclass(frozen=True, slots=True)
class Sent(Generic[P]):
    """A message as the destination accepted it; `id` is what replies refer to, None where there are no replies."""

    id: str | None
    payload: P


# Sends the largest of some sizes that is accepted, as a reply to the message with this id or (None) as one of its own.
Send = Callable[[Sizes[P], str | None], Steps[Sent[P]]]


@dataclass(frozen=True, slots=True)
class Summary(Generic[P]):
    """One message of an overflow summary, and how many alerts or notices it holds."""

    sizes: Sizes[P]
    members: int


@dataclass(frozen=True, slots=True)
class MessageLimit(Generic[P]):
    """How many messages an address gets in one invocation, and what summarizes the alerts or notices beyond it."""

    per_invocation: int
    alerts_per_summary: int  # that fit into one message of a summary
    summarize_alerts: "Callable[[Sequence[PendingAlert], Line | None], Sequence[Summary[P]]]"
    summarize_notices: "Callable[[Sequence[Notice], Line | None], Sequence[Summary[P]]]"


class Threads(Protocol[P]):
    """Threads of similar alerts, for one invocation."""

    def join(self, address: str, alert: "Alert", warning: "Line | None", send: Send[P]) -> Steps[None]:
        """Send an alert into its thread, or as the parent of one.

        Raises:
            DeliveryError: it was not sent.
        """

    def finish(self) -> None:
        """Do what waits until everything else is delivered, such as showing how many alerts a thread has."""


class Destination(Protocol[P]):
    """A place to send to. One object for the life of the process.

    `name` is the metrics' dimension and the key of its routes, and `receives_notices` says whether notices of rule
    errors and the like are sent to it. Without a `limit` it takes any number of messages.
    """

    name: str
    receives_notices: bool = True
    limit: MessageLimit[P] | None = None

    @property
    def fixes(self) -> Mapping[str, str]:
        """What to do about an error, by its code."""

    def routes(self) -> Routes:
        """Return the addresses by account.

        Raises:
            DestinationMisconfiguredError: they cannot be read.
        """

    def describe(self, address: str) -> str:
        """Return which address it is, for logs and messages; never a secret."""

    def render_alert(self, alert: "Alert", *, dedup_key: str, warning: "Line | None") -> Sizes[P]:
        """Return what makes the messages of an alert; `warning` says why it comes to another address than its own."""

    def render_notice(self, notice: "Notice", *, warning: "Line | None") -> Sizes[P]:
        """Return what makes the messages of a notice."""

    def send(self, address: str, payload: P, *, parent: str | None, timeout: float) -> str | None:
        """Send one message, once, within `timeout` seconds; return its id where it can be replied to.

        Raises:
            DeliveryError: of the kind that says what may help.
        """

    def threads(self, _clock: Clock, /) -> Threads[P] | None:
        """Return the threads of an invocation; None: each alert is a message of its own."""
        return None


@dataclass(frozen=True, slots=True)
class Services:
    """What destinations are made of. `routes` has the routes that `config.json` holds, by the destination's name.

    `thread_table` is the name of the state table that keeps threads, empty for none, and `thread_seconds` how long.
    `webhook_references` are the routes to webhooks, each with where that is kept.
    """

    environment: Mapping[str, str]
    secrets: SecretReader
    clients: "AwsClients"
    routes: Mapping[str, Routes]
    message_limit: int = 20
    thread_table: str = ""
    thread_seconds: int = 900
    webhook_references: Sequence[tuple[Route, SecretSource]] = ()

    def secret(self, name: str) -> SecretSource | None:
        """Return where the secret `name` is, by the environment; None where there is none."""
        return find_secret(name, self.environment, [])
