"""From an EventBridge event to what was stopped: which trail, in which region and account, and who did it. Pure.

Only AWS can put events whose source begins with "aws."; what is in them was written by the caller. Source: Amazon
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

    `key` (64 hexadecimal digits) is the same however often the event arrives, and another for an event of the same id
    with another trail, region, account or content. `named` is the trail as the call named it, unescaped; `trail` is
    None when CloudTrail could have no such trail.
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
    """Read what EventBridge sent; never raises."""
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
        return Refused("its detail is another call than CloudTrail's StopLogging")
    if event.record.get("errorCode") is not None or event.record.get("errorMessage") is not None:
        return Refused("the call failed, so nothing was stopped")
    named = event.text("requestParameters.name")
    region = event.region or string(envelope.get("region"))
    account = event.account or string(envelope.get("account"))
    trail = _trail(named, region, account)
    key = identity_digest(str(trail) if trail else named, region, account, event_identity(event))
    return StopEvent(key, event, named[:_LONGEST_NAMED], trail)


def _trail(named: str, region: str, account: str) -> TrailArn | None:
    """Return the trail: an ARN says where it is; a name is one of the account and region that the call was made in.

    StopLogging has to be called in the trail's home region. Source: AWS CloudTrail API Reference, StopLogging.
    """
    if named.startswith("arn:"):
        return read_trail_arn(named)
    if not is_trail_name(named) or not is_region(region) or not re.fullmatch("[0-9]{12}", account):
        return None
    return TrailArn(partition_of(region), region, account, named)
