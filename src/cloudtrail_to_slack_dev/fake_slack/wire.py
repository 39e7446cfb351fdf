"""How requests to Slack are read and how its answers look on the wire."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from cloudtrail_to_slack_dev.fake_slack.faults import Dropped, Fault, HttpStatus, RateLimited, SlackError
from cloudtrail_to_slack_dev.fake_slack.records import JsonObject

# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks lists the codes; any other is a 400.
_WEBHOOK_STATUS: Final = {
    "action_prohibited": HTTPStatus.FORBIDDEN,
    "invalid_token": HTTPStatus.FORBIDDEN,
    "channel_not_found": HTTPStatus.NOT_FOUND,
    "no_service": HTTPStatus.NOT_FOUND,
    "channel_is_archived": HTTPStatus.GONE,
    "internal_error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "rollup_error": HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Refused(Exception):  # noqa: N818 (an answer that Slack gives, not a failure of ours)
    """Slack's answer is an error code."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    body: str
    content_type: str
    retry_after: int | None = None
    scopes: str | None = None  # of the token, in the header X-OAuth-Scopes


def api_success(content: JsonObject) -> Answer:
    """The Web API's answer when it did what was asked."""
    return _json(HTTPStatus.OK, {"ok": True, **content})


def api_refusal(refused: Refused) -> Answer:
    """The Web API's answer with an error code; the detail stands where Slack puts it."""
    body: JsonObject = {"ok": False, "error": refused.code}
    if refused.detail:
        body["errors"] = [refused.detail]
        body["response_metadata"] = {"messages": [f"[ERROR] {refused.detail}"]}
    return _json(HTTPStatus.OK, body)


def webhook_success() -> Answer:
    """A webhook's answer when it posted."""
    return _plain(HTTPStatus.OK, "ok")


def webhook_refusal(refused: Refused) -> Answer:
    """A webhook's answer with an error code."""
    return _plain(_WEBHOOK_STATUS.get(refused.code, HTTPStatus.BAD_REQUEST), refused.code)


def fault_error(fault: Fault) -> str:
    """What a `Call` holds as its error when it met this fault."""
    match fault:
        case RateLimited():
            return "ratelimited"
        case HttpStatus(status):
            return f"http_{status}"
        case SlackError(code):
            return code
        case _:
            return "connection_dropped"


def fault_answer(fault: Fault, *, to_webhook: bool) -> Answer | None:
    """How a fault looks to the sender; `None` means that the connection ends."""
    match fault:
        case RateLimited(retry_after) if to_webhook:
            return _plain(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", retry_after)
        case RateLimited(retry_after):
            return _json(HTTPStatus.TOO_MANY_REQUESTS, {"ok": False, "error": "ratelimited"}, retry_after)
        case HttpStatus(status):
            return _plain(status, "upstream connect error or disconnect/reset before headers")
        case SlackError(code):
            return webhook_refusal(Refused(code)) if to_webhook else api_refusal(Refused(code))
        case Dropped():
            return None
        case _:
            raise ValueError(f"{fault} has no answer of its own")


def read_api_body(content_type: str, body: bytes) -> JsonObject:
    """The arguments of a Web API call, from JSON or from a form.

    Raises:
        Refused: The body is not what its content type says.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        # slack_sdk sends auth.test with a content type and nothing in it.
        payload: JsonObject = {}
    elif kind == "application/json":
        payload = _object(body)
    elif kind in ("application/x-www-form-urlencoded", ""):
        payload = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        raise Refused("invalid_post_type")
    return _with_parsed_blocks(payload)


def read_webhook_body(content_type: str, body: bytes) -> JsonObject:
    """A webhook's message: JSON, or a form whose field `payload` is JSON.

    Raises:
        Refused: There is no JSON object.
    """
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        body = form.get("payload", "").encode()
    try:
        return _with_parsed_blocks(_object(body))
    except Refused as refused:
        raise Refused("invalid_payload") from refused


def _object(body: bytes) -> JsonObject:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("invalid_json") from error
    if not isinstance(found, dict):
        raise Refused("json_not_object")
    return found


def _with_parsed_blocks(payload: JsonObject) -> JsonObject:
    # Slack takes blocks as a JSON string in any kind of body; what does not parse stays a string and is refused later.
    parsed = dict(payload)
    for key in ("blocks", "attachments"):
        value = parsed.get(key)
        if isinstance(value, str) and value:
            try:
                parsed[key] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return parsed


def _json(status: int, content: JsonObject, retry_after: int | None = None) -> Answer:
    return Answer(status, json.dumps(content), "application/json; charset=utf-8", retry_after)


def _plain(status: int, content: str, retry_after: int | None = None) -> Answer:
    return Answer(status, content, "text/html", retry_after)
