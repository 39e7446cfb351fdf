"""The interface of a destination: it renders alerts and notices, sends one message, and says why that failed.

`delivery` provides deduplication, queues, retries and fallback for all destinations. A message limit and threads are
optional.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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

TIMEOUT_SECONDS = 10  # for a destination to respond
P = TypeVar("P")  # what the destination sends: the payload of one message
Sizes = Sequence[Callable[[], P]]  # each makes the same message, the largest first; smaller ones are rejected less


@dataclass(frozen=True, slots=True)
class Sent(Generic[P]):
    """A message as the destination accepted it; replies refer to `id`; None: there are no replies."""

    id: str | None
    payload: P


# Sends the largest size that is accepted, as a reply to the message with this ID, or (None) as a message of its own.
Send = Callable[[Sizes[P], str | None], Steps[Sent[P]]]


@dataclass(frozen=True, slots=True)
class Summary(Generic[P]):
    """One message of an overflow summary, and how many alerts or notices it holds."""

    sizes: Sizes[P]
    members: int


@dataclass(frozen=True, slots=True)
class MessageLimit(Generic[P]):
    """The most messages for an address in one invocation, and how the alerts or notices beyond it are summarized."""

    per_invocation: int
    alerts_per_summary: int  # alerts that fit into one message of a summary
    summarize_alerts: "Callable[[Sequence[PendingAlert], Line | None], Sequence[Summary[P]]]"
    summarize_notices: "Callable[[Sequence[Notice], Line | None], Sequence[Summary[P]]]"


class Threads(Protocol[P]):
    """Threads of similar alerts, for one invocation."""

    def join(self, address: str, alert: "Alert", warning: "Line | None", send: Send[P]) -> Steps[None]:
        """Send an alert as a reply in its thread, or as the parent of a new one.

        Raises:
            DeliveryError: it was not sent.
        """

    def finish(self) -> None:
        """Do what can wait until all deliveries are done, such as showing how many alerts a thread has."""


class Destination(Protocol[P]):
    """A channel for alerts, such as Slack or SNS. One object for the life of the process.

    `name` is the metrics' dimension and the key of its routes. `receives_notices`: it gets notices, such as those of
    rule errors. Without a `limit` it gets any number of messages.
    """

    name: str
    receives_notices: bool = True
    limit: MessageLimit[P] | None = None

    @property
    def fixes(self) -> Mapping[str, str]:
        """How to fix each error, by its code."""

    def routes(self) -> Routes:
        """Return the addresses by account.

        Raises:
            DestinationMisconfiguredError: they cannot be read.
        """

    def describe(self, address: str) -> str:
        """Return a description of an address for logs and messages, never a secret."""

    def render_alert(self, alert: "Alert", *, dedup_key: str, warning: "Line | None") -> Sizes[P]:
        """Return an alert in several sizes; `warning` says why it goes to the default address instead of its own."""

    def render_notice(self, notice: "Notice", *, warning: "Line | None") -> Sizes[P]:
        """Return a notice in several sizes."""

    def send(self, address: str, payload: P, *, parent: str | None, timeout: float) -> str | None:
        """Send one message, once, within `timeout` seconds; return its ID if replies are possible.

        Raises:
            DeliveryError: its subclass decides what is tried next.
        """

    def threads(self, _clock: Clock, /) -> Threads[P] | None:
        """Return the threads of an invocation; None: there are no threads."""
        return None


@dataclass(frozen=True, slots=True)
class Services:
    """What destinations are made from. `routes` holds the routes in `config.json`, by the destination's name.

    `thread_table` is the name of the state table, which keeps threads for `thread_seconds`; empty: there is none.
    `webhook_references` are the routes to webhooks, each with the source of its address.
    """

    environment: Mapping[str, str] = field(repr=False)  # it may hold secrets
    secrets: SecretReader
    clients: "AwsClients"
    routes: Mapping[str, Routes]
    message_limit: int = 20
    thread_table: str = ""
    thread_seconds: int = 900
    webhook_references: Sequence[tuple[Route, SecretSource]] = ()

    def secret(self, name: str) -> SecretSource | None:
        """Return the source of the secret `name`, as the environment states it; None: there is none."""
        return find_secret(name, self.environment, [])
