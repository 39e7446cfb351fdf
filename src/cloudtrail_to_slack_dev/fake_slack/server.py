"""The fake's face to tests and the demo: what is asked of it, over HTTP and in Python."""

import secrets
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from cloudtrail_to_slack_dev.fake_slack import wire
from cloudtrail_to_slack_dev.fake_slack.faults import AcceptedThenDropped, Fault, FaultQueue
from cloudtrail_to_slack_dev.fake_slack.listener import Listener
from cloudtrail_to_slack_dev.fake_slack.records import Call, Channel, JsonObject, Message, Thread
from cloudtrail_to_slack_dev.fake_slack.wire import Answer, Refused
from cloudtrail_to_slack_dev.fake_slack.workspace import Workspace

_API: Final = "/api/"
_IDENTITY: Final = {"team_id": "T0FAKE", "user_id": "U0FAKE", "bot_id": "B0FAKE"}


class FakeSlack:
    """Slack, as far as posting alerts goes, on a port of this machine.

    A context manager; `start` and `stop` do the same by hand. Channels can be added before the start, webhooks only
    after it, since their URLs hold the port.

    Args:
        bot_token: The only token that the Web API takes.
        clock: Where the seconds of a message's `ts` come from.
        meet: Asked at every request, with its method and channel, which fault to show where none is queued.
    """

    def __init__(
        self,
        *,
        bot_token: str = "xoxb-fake",  # noqa: S107 (no secret: it opens nothing but this fake)
        clock: Callable[[], float] = time.time,
        meet: Callable[[str, str | None], Fault | None] = lambda _method, _channel: None,
    ) -> None:
        self.bot_token = bot_token
        self.scopes = ["chat:write"]
        self._meet = meet
        self._workspace = Workspace(clock)
        self._faults = FaultQueue()
        self._calls: list[Call] = []
        self._token_error: str | None = None
        self._lock = threading.RLock()
        self._server: Listener | None = None
        self._origin: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1.

        Raises:
            RuntimeError: It is listening already.
        """
        if self._server is not None:
            raise RuntimeError("the fake is running already")
        self._server = Listener(self._answer)
        self._origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._server.run()

    def stop(self) -> None:
        """Stop listening and end open connections; what was recorded stays. Does nothing when stopped."""
        if self._server is not None:
            self._server.end()
            self._server = None

    @property
    def api_url(self) -> str:
        """The `base_url` for slack_sdk's `WebClient`."""
        return f"{self._started()}{_API}"

    def add_channel(self, channel_id: str, name: str, *, bot_is_member: bool = True, archived: bool = False) -> None:
        """Add a channel, or change a known one (archive it, say) and keep its messages."""
        with self._lock:
            self._workspace.put_channel(Channel(channel_id, name.removeprefix("#"), bot_is_member, archived))

    def add_webhook(self, channel_id: str, name: str | None = None) -> str:
        """Make an incoming webhook and return its URL; an unknown channel is added, without the bot in it."""
        origin = self._started()
        with self._lock:
            if self._workspace.channel_id(channel_id) != channel_id:
                self.add_channel(channel_id, name or channel_id.lower(), bot_is_member=False)
            return f"{origin}{self._workspace.add_webhook(channel_id)}"

    def remove_webhook(self, url: str) -> None:
        """From now on this webhook answers 404 `no_service`.

        Raises:
            KeyError: The fake never had this webhook.
        """
        with self._lock:
            self._workspace.remove_webhook(urlsplit(url).path)

    def revoke_token(self, error: str = "token_revoked") -> None:
        """From now on every Web API call with the bot's token is answered with this error code."""
        with self._lock:
            self._token_error = error

    def channels(self) -> list[Channel]:
        """Every channel, in the order they were added."""
        with self._lock:
            return self._workspace.channels()

    def messages(self, channel_id: str) -> list[Message]:
        """Copies of a channel's messages in order of arrival, replies included.

        Raises:
            KeyError: No such channel was added.
        """
        with self._lock:
            return self._workspace.messages(channel_id)

    def threads(self, channel_id: str) -> list[Thread]:
        """A channel's messages by thread, in order of the roots' arrival.

        Raises:
            KeyError: No such channel was added.
        """
        with self._lock:
            return self._workspace.threads(channel_id)

    def fail(self, fault: Fault, *, times: int = 1, method: str | None = None, channel: str | None = None) -> None:
        """Show a fault to the next `times` matching requests, whatever is wrong with them otherwise.

        Args:
            fault: What happens.
            times: How many requests meet it.
            method: "chat.postMessage", "chat.update", "auth.test" or "webhook"; `None` for any.
            channel: The channel's id; `None` for any.

        Raises:
            ValueError: `times` is less than one.
        """
        with self._lock:
            self._faults.add(fault, times=times, method=method, channel=channel)

    @property
    def calls(self) -> list[Call]:
        """A copy of every request received, in order; the token is in none of them."""
        with self._lock:
            return deepcopy(self._calls)

    def clear(self) -> None:
        """Forget messages, calls and waiting faults; channels, webhooks and the token stay as they are."""
        with self._lock:
            self._workspace.forget_messages()
            self._calls.clear()
            self._faults.clear()

    def _started(self) -> str:
        if self._origin is None:
            raise RuntimeError("the fake has no address before it is started")
        return self._origin

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        # One request at a time: Slack's answer and what is recorded about it cannot drift apart.
        with self._lock:
            if path.startswith(_API):
                return self._answer_api(path.removeprefix(_API), headers, body)
            return self._answer_webhook(path, headers, body)

    def _answer_api(self, method: str, headers: dict[str, str], body: bytes) -> Answer | None:
        payload: JsonObject = {}
        unreadable: Refused | None = None
        try:
            payload = wire.read_api_body(headers.get("content-type", ""), body)
        except Refused as refused:
            unreadable = refused
        # Taken out even when the header holds the token: what is recorded must never hold one.
        in_payload = payload.pop("token", None)
        token = _bearer(headers) or in_payload
        # Slack takes a channel's name for a new message, but only its id for an update.
        named = payload.get("channel")
        known = self._workspace.channel_id(named)
        channel = known if method == "chat.postMessage" or known == named else None

        def act() -> Answer:
            self._check_token(method, token)
            if unreadable:
                raise unreadable
            answer = wire.api_success(self._call(method, channel, payload))
            return replace(answer, scopes=",".join(self.scopes))

        shown = channel or (named if isinstance(named, str) else None)
        return self._record(method, shown, payload, act)

    def _answer_webhook(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        payload: JsonObject = {}
        unreadable: Refused | None = None
        try:
            payload = wire.read_webhook_body(headers.get("content-type", ""), body)
        except Refused as refused:
            unreadable = refused

        def act() -> Answer:
            channel = self._workspace.check_webhook(path)
            if unreadable:
                raise unreadable
            self._workspace.post(channel, payload, "webhook")
            return wire.webhook_success()

        return self._record("webhook", self._workspace.webhook_channel(path), payload, act)

    def _record(
        self, method: str, channel: str | None, payload: JsonObject, act: Callable[[], Answer]
    ) -> Answer | None:
        to_webhook = method == "webhook"
        fault = self._faults.take(method, channel) or self._meet(method, channel)
        if fault is not None and not isinstance(fault, AcceptedThenDropped):
            self._calls.append(Call(method, channel, payload, accepted=False, error=wire.fault_error(fault)))
            return wire.fault_answer(fault, to_webhook=to_webhook)
        try:
            answer = act()
        except Refused as refused:
            self._calls.append(Call(method, channel, payload, accepted=False, error=refused.code))
            answer = wire.webhook_refusal(refused) if to_webhook else wire.api_refusal(refused)
        else:
            error = wire.fault_error(fault) if fault else None
            self._calls.append(Call(method, channel, payload, accepted=True, error=error))
        return None if fault else answer

    def _check_token(self, method: str, token: Any) -> None:  # noqa: ANN401 (a sender may put anything there)
        if method not in ("auth.test", "chat.postMessage", "chat.update", "conversations.info"):
            raise Refused("unknown_method")
        if not token:
            raise Refused("not_authed")
        if not secrets.compare_digest(str(token).encode(), self.bot_token.encode()):
            raise Refused("invalid_auth")
        if self._token_error:
            raise Refused(self._token_error)

    def _call(self, method: str, channel: str | None, payload: JsonObject) -> JsonObject:
        if method == "auth.test":
            return {"url": f"{self._started()}/", "team": "Fake", "user": "cloudtrail", **_IDENTITY}
        if method == "conversations.info":
            return self._conversation(channel)
        if method == "chat.postMessage":
            message = self._workspace.post(
                self._workspace.check_bot(channel, archived_error="is_archived"), payload, "bot"
            )
        else:
            message = self._workspace.update(self._workspace.check_bot(channel, archived_error="is_inactive"), payload)
        answer: JsonObject = {"channel": message.channel, "ts": message.ts, "message": _as_slack_shows(message)}
        if method == "chat.update":
            answer["text"] = message.text
        if message.truncated:
            answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
        return answer

    def _conversation(self, channel: str | None) -> JsonObject:
        if not {"channels:read", "groups:read"} & set(self.scopes):
            raise Refused("missing_scope")
        for each in self._workspace.channels():
            if each.id == channel:
                shown = {
                    "id": each.id,
                    "name": each.name,
                    "is_member": each.bot_is_member,
                    "is_archived": each.archived,
                }
                return {"channel": shown}
        raise Refused("channel_not_found")


def _bearer(headers: dict[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _as_slack_shows(message: Message) -> JsonObject:
    shown: JsonObject = {"type": "message", "user": _IDENTITY["user_id"], "bot_id": _IDENTITY["bot_id"]}
    shown |= {"ts": message.ts, "text": message.text}
    if message.blocks:
        shown["blocks"] = message.blocks
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    return shown
