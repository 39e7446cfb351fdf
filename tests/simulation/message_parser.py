"""Parse messages that Slack and SNS accepted: what they are about, and which events are in them."""

import re

from cloudtrail_to_slack.destinations.slack.threads import DETAILS_TEXT
from cloudtrail_to_slack_dev.fake_slack import Call
from simulation.events import FORGED, MARKS
from simulation.fault_injection import HANGS
from simulation.recorder import Delivery, Invocation, Notice, Recorder, Request, SlackRequest

_EVENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
RULE_ERROR, OWN_ROLE, UNUSABLE, UNREADABLE = "rule error", "own role", "unusable rules", "unreadable"
_NOTICES = {
    "raised an error and may miss events": RULE_ERROR,
    "own role matched rules": OWN_ROLE,
    "in the configuration cannot be used as written": UNUSABLE,
    "A log file could not be read": UNREADABLE,
    "log files could not be read": UNREADABLE,
}


def read_message(recorder: Recorder, call: Call, slack_request: SlackRequest, kind: str) -> None:
    """Record a message that Slack accepted."""
    assert call.channel
    if call.payload.get("text") == DETAILS_TEXT:
        recorder.details[call.channel, call.payload["thread_ts"]] += 1
        return
    text = f"{call.payload.get('text')} {call.payload.get('blocks')}"
    event_ids, about = _event_ids(text), _about(text)
    if about:
        recorder.notices.append(
            Notice(
                slack_request.order,
                slack_request.time,
                slack_request.invocation,
                kind,
                call.channel,
                about,
                event_ids,
                text,
                slack_request.lost,
            )
        )
    elif event_ids:
        summary = "in one summary" in text
        known = event_ids if summary else _marked(event_ids, text)
        in_thread = bool(call.payload.get("thread_ts"))
        recorder.deliveries.append(
            Delivery(
                slack_request.order,
                slack_request.invocation,
                kind,
                call.channel,
                known,
                slack_request.lost,
                summary,
                in_thread,
            )
        )


def read_publication(
    recorder: Recorder, request: Request, order: int, time: float, invocation: Invocation
) -> list[Delivery | Notice | SlackRequest]:
    """Record what SNS accepted; return it."""
    assert request.place
    lost = request.kind is not None and request.kind.startswith(HANGS)
    if request.event_ids:
        recorder.deliveries.append(Delivery(order, invocation, "sns", request.place, request.event_ids, lost))
        return [recorder.deliveries[-1]]
    if about := _about(request.text):
        event_ids = _event_ids(request.text)
        recorder.notices.append(
            Notice(order, time, invocation, "sns", request.place, about, event_ids, request.text, lost)
        )
        return [recorder.notices[-1]]
    return []


def ids_in_body(event_id: str | None, text: str) -> tuple[str, ...]:
    """Return what identifies the alert in an SNS body."""
    return _marked((event_id,), text) if event_id else ()


def _event_ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_EVENT_ID.findall(text)))


def _marked(event_ids: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the ids, marked where the message is about a further event of the same id."""
    marks = {**MARKS, FORGED: "~forged"}
    mark = next((mark for name, mark in marks.items() if name in text), "")
    return tuple(f"{event_id}{mark}" for event_id in event_ids)


def _about(text: str) -> str:
    return next((about for words, about in _NOTICES.items() if words in text), "")
