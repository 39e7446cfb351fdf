"""Read an EventBridge event: which trail was stopped, in which region and account, and who did it. Pure.

Only AWS can send events whose source begins with "aws.", but their content comes from the caller. Source: Amazon
EventBridge User Guide, "AWS service events delivered via AWS CloudTrail".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cloudtrail_to_slack.aws.arns import TrailArn, is_region, is_trail_name, partition_of, read_trail_arn
from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.json_fields import string

_LONGEST_NAMED = 300


@dataclass(frozen=True, slots=True)
class StopEvent:
    """A trail was stopped.

    `key` (64 hexadecimal digits) is the same however often the event arrives; an event with the same ID but another
    trail, region, account or content has another key. `named` is the trail as the call named it, unescaped; `trail` is
    None if CloudTrail cannot have such a trail.
    """

    key: str
    event: Event
    named: str
    trail: TrailArn | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload that does not report a stopped trail; `reason` quotes nothing of it."""

    reason: str


def read_stop_event(envelope: object) -> StopEvent | Refused:
    """Read an event from EventBridge; never raises."""
    if not isinstance(envelope, Mapping):
        return Refused("the payload is not an object")
    for name, expected in (("source", "aws.cloudtrail"), ("detail-type", "AWS API Call via CloudTrail")):
        if envelope.get(name) != expected:
            return Refused(f'its {name} is not "{expected}"')
    try:
        event = read_event(envelope.get("detail"))
    except RecordError as error:
        return Refused(f"its detail is {error}")
    if event.source != "cloudtrail.amazonaws.com" or event.name != "StopLogging":
        return Refused("its detail is a call other than CloudTrail's StopLogging")
    if event.record.get("errorCode") is not None or event.record.get("errorMessage") is not None:
        return Refused("the call failed, so nothing was stopped")
    named = event.text("requestParameters.name")
    region = event.region or string(envelope.get("region"))
    account = event.account or string(envelope.get("account"))
    trail = _trail(named, region, account)
    key = identity_digest(str(trail) if trail else named, region, account, event_identity(event))
    return StopEvent(key, event, named[:_LONGEST_NAMED], trail)


def _trail(named: str, region: str, account: str) -> TrailArn | None:
    """Return the trail: an ARN has its region and account; a name belongs to those of the call.

    StopLogging has to be called in the trail's home region. Source: AWS CloudTrail API Reference, StopLogging.
    """
    if named.startswith("arn:"):
        return read_trail_arn(named)
    if not is_trail_name(named) or not is_region(region) or not re.fullmatch("[0-9]{12}", account):
        return None
    return TrailArn(partition_of(region), region, account, named)
