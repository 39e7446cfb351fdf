"""The maintenance switch: an SSM parameter that holds until when a stopped trail is left alone.

Who can break the parameter must not be able to switch restarts off with it: what cannot be read, says no time or
reaches too far counts as no maintenance, and is reported.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.events.event import parse_time
from cloudtrail_to_slack.observability.logging import logger

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Until when there is maintenance, None: there is none. `problem`: why that is not known for sure."""

    until: datetime | None = None
    problem: str | None = None


def read_value(value: str, now: datetime) -> Maintenance:
    """Return what a parameter's value means at `now`."""
    end = parse_time(value)
    if end is None:
        return Maintenance(problem="holds no time such as 2026-03-14T18:00:00Z")
    if end > now + LONGEST:
        return Maintenance(problem=f"names a time more than {LONGEST.days} days ahead")
    return Maintenance(end if end > now else None)


def read_maintenance(clients: "AwsClients", parameter: str | None, now: float) -> Maintenance:
    """Read the parameter afresh: a switch is not remembered. `now` is seconds since 1970. Never raises."""
    if parameter is None:
        return Maintenance()
    try:
        answer = clients.parameters.client.get_parameter(Name=parameter)
    except ClientError as error:
        problem = f"cannot be read ({error.response.get('Error', {}).get('Code', 'unknown')})"
    except BotoCoreError as error:
        problem = f"cannot be read ({type(error).__name__})"
    else:
        found = read_value(str(answer.get("Parameter", {}).get("Value", "")), datetime.fromtimestamp(now, UTC))
        if found.problem is None:
            return found
        problem = found.problem
    logger.error("the maintenance parameter cannot be used, so there is no maintenance", extra={"problem": problem})
    return Maintenance(problem=problem)
