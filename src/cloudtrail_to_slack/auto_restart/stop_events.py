"""From an EventBridge event to what was stopped: which trail, in which region and account, and who did it. Pure.

Source of the envelope: Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail". Only AWS can
put events whose source begins with "aws."; what is in them was written by the caller, so all of it is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudtrail_to_slack.aws.arns import TrailArn, is_region, is_trail_name, partition_of, read_trail_arn
from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.json_fields import string

_LONGEST_NAMED = 300
_ACCOUNT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class StopEvent:
    """A trail was stopped.

    `key` (64 hexadecimal digits) is the same however often the event arrives. An event of the same id about another
    trail, in another region or account, or with other content has another key, so it does not pass for this one.

    `named` is the trail as the call named it, unescaped; `trail` is None when CloudTrail could have no such trail.
    """

    key: str
    event: Event
    named: str
    trail: TrailArn | None


@dataclass(frozen=True, slots=True)
class Refused:
    """What arrived is not a trail that was stopped; `reason` quotes nothing of it."""

    reason: str


def read_stop_event(envelope: object) -> StopEvent | Refused:
    """Read what EventBridge brought; never raises."""
    if not isinstance(envelope, Mapping):
        return Refused("the payload is no object")
    if envelope.get("source") != "aws.cloudtrail":
        return Refused('its source is not "aws.cloudtrail"')
    if envelope.get("detail-type") != "AWS API Call via CloudTrail":
        return Refused('its detail-type is not "AWS API Call via CloudTrail"')
    try:
        event = read_event(envelope.get("detail"))
    except RecordError as error:
        return Refused(f"its detail is {error}")
    if event.source != "cloudtrail.amazonaws.com" or event.name != "StopLogging":
        return Refused("its detail is another call than CloudTrail's StopLogging")
    if event.record.get("errorCode") is not None or event.record.get("errorMessage") is not None:
        return Refused("the call failed, so nothing was stopped")
    named = event.text("requestParameters.name")
    trail = _trail(envelope, event, named)
    about = str(trail) if trail else named
    key = identity_digest(about, _region(envelope, event), _account(envelope, event), event_identity(event))
    return StopEvent(key, event, named[:_LONGEST_NAMED], trail)


def _trail(envelope: Mapping[str, Any], event: Event, named: str) -> TrailArn | None:
    """Return the trail: an ARN says where it is; a name is one of the account and region that the call was made in.

    StopLogging has to be called in the trail's home region. Source: AWS CloudTrail API Reference, StopLogging.
    """
    if named.startswith("arn:"):
        return read_trail_arn(named)
    region, account = _region(envelope, event), _account(envelope, event)
    if not is_trail_name(named) or not is_region(region) or not _is_account(account):
        return None
    return TrailArn(partition_of(region), region, account, named)


def _region(envelope: Mapping[str, Any], event: Event) -> str:
    return event.region or string(envelope.get("region"))


def _account(envelope: Mapping[str, Any], event: Event) -> str:
    return event.account or string(envelope.get("account"))


def _is_account(text: str) -> bool:
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()
