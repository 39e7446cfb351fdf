"""Faults to inject into a history: which service, how, when, and how often."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from cloudtrail_to_slack_dev.fake_slack import (
    AcceptedThenDropped,
    Dropped,
    Fault,
    HttpStatus,
    RateLimited,
    SlackError,
)

# How a request goes wrong without an answer: it hangs until the caller gives up, before or after it was done.
HANGS, HANGS_AFTER, SLOW = "hangs", "hangs after it is done", "slow"
# Likewise, for what S3 sends: its content stops coming, or it takes long to say that it is busy.
HANGS_WITHIN, SLOWLY_BUSY = "hangs within the content", "slowly busy"
_SET_UP = ("channel_not_found", "not_in_channel", "is_archived", "token_revoked", "missing_scope")
_WEBHOOK_SET_UP = ("no_service", "channel_is_archived", "invalid_token")
_CONTENT = ("invalid_blocks", "msg_too_long", "msg_blocks_too_long")
_AWS_CODES = {
    "dynamodb": {"ProvisionedThroughputExceededException": 400, "InternalServerError": 500,
                 "AccessDeniedException": 400, "ResourceNotFoundException": 400},
    "s3": {"NoSuchKey": 404, "AccessDenied": 403, "SlowDown": 503, "InternalError": 500},
    "sns": {"InternalError": 500, "Throttling": 400, "NotFound": 404, "AuthorizationError": 403,
            "InvalidParameter": 400},
}  # fmt: skip
_SLACK_KINDS = ("429", "5xx", "internal_error", "dropped", "accepted, then dropped", "content", "set-up", "unknown",
                HANGS, HANGS_AFTER, SLOW)  # fmt: skip
TABLE_IS_GONE = ("AccessDeniedException", "ResourceNotFoundException")
COMPLETIONS = "completions"  # the writes that record an alert as delivered


@dataclass(frozen=True)
class InjectedFault:
    """Requests to `service` meet `kind` with a `chance`, from `start` to `end` (seconds of the history).

    `place` is the only channel, and `operation` the only operation, that it concerns; None: all.
    """

    service: str
    kind: str
    start: float
    end: float
    chance: float
    place: str | None = None
    operation: str | None = None

    def concerns(self, service: str, operation: str, place: str | None, now: float) -> bool:
        """Whether a request may meet it."""
        return (
            service == self.service
            and self.start <= now < self.end
            and self.place in (None, place)
            and self.operation in (None, operation)
        )


def draw_faults(chance: random.Random, places: list[str], services: list[str]) -> list[InjectedFault]:
    """Draw the faults of a history: none, one, or several at once."""
    return [draw_fault(chance, places, chance.choice(services)) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4)))]


def draw_fault(chance: random.Random, places: list[str], service: str) -> InjectedFault:
    """Draw a fault of a service."""
    place = operation = None
    if service == "slack":
        kind = chance.choice(_SLACK_KINDS)
        place = chance.choice([None, *places])
    else:
        odd = (HANGS_WITHIN, SLOWLY_BUSY) if service == "s3" else ()
        kind = chance.choice((*_AWS_CODES[service], *_AWS_CODES[service], HANGS, HANGS_AFTER, SLOW, *odd))
    if service == "dynamodb":
        operation = chance.choice((None, None, COMPLETIONS, COMPLETIONS, "PutItem", "UpdateItem", "TransactWriteItems"))
    start = chance.choice((0.0, 0.0, 0.0, chance.uniform(0, 1), chance.uniform(0, 100)))
    lasts = chance.choice((0.5, 5.0, 40.0, 100.0, 1000.0))
    return InjectedFault(
        service, kind, start, start + lasts, chance.choice((0.2, 0.3, 0.5, 0.8, 1.0)), place, operation
    )


def slack_fault(kind: str, chance: random.Random, *, webhook: bool) -> Fault | None:
    """Return what the fake shows for a kind of fault; None: it answers as usual."""
    if kind in (HANGS, "dropped"):
        return Dropped()
    if kind in (HANGS_AFTER, "accepted, then dropped"):
        return AcceptedThenDropped()
    if kind == "429":
        return RateLimited(chance.choice((0, 1, 1, 3, 10, 30)))
    if kind == "5xx":
        return HttpStatus(chance.choice((500, 502, 503, 504)))
    codes = {
        "content": _CONTENT,
        "set-up": _WEBHOOK_SET_UP if webhook else _SET_UP,
        "unknown": ("some_new_error",),
        "internal_error": ("internal_error",),
    }
    return SlackError(chance.choice(codes[kind])) if kind in codes else None


class _Raw(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def aws_answer(service: str, code: str, url: str) -> AWSResponse:
    """Return the answer with which an AWS service refuses a request."""
    code = "SlowDown" if code == SLOWLY_BUSY else code
    if service == "dynamodb":
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code})
    elif service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    else:
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"
    return AWSResponse(url, _AWS_CODES[service][code], HTTPHeaders(), _Raw(body.encode()))


def answered_in_place(service: str, kind: str) -> bool:
    """Whether a kind of fault is an answer of the service's own."""
    return kind in _AWS_CODES.get(service, {}) or kind == SLOWLY_BUSY
