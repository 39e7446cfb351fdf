"""Histories with given events, for what random ones show too seldom."""

import itertools
import random
from dataclasses import replace

from simulation.events import ACCOUNTS, COUNTED_LEAST, REGION, SimulatedEvent, draw_counted, draw_event, later_copy
from simulation.fault_injection import InjectedFault
from simulation.histories import Deployment, History, Notification
from simulation.log_files import BUCKET, plain_log_file
from support.app_environment import s3_event


def scripted_history(
    slack: str,
    channels: int,
    message_limit: int,
    *batches: tuple[SimulatedEvent, ...],
    apart: float = 10.0,
    queued: bool = False,
) -> History:
    """Return a history with one log file for each batch of events, announced `apart` seconds after each other."""
    chance = random.Random(1)  # noqa: S311 (always the same)
    places = tuple(f"C{number}" for number in range(channels))
    history = History(1, chance, Deployment(slack, places, sns=False, message_limit=message_limit, timeout=30.0))
    for number, some in enumerate(batches):
        key = f"AWSLogs/{ACCOUNTS[0]}/CloudTrail/{REGION}/2026/03/14/budget_{number}.json.gz"
        file = plain_log_file(key, some)
        history.files.append(file)
        payload = s3_event(key, bucket=BUCKET)
        history.notifications.append(Notification(number, payload, apart * number, queued=queued, files=(file,)))
    return history


def some_alerts(many: int) -> tuple[SimulatedEvent, ...]:
    """Return alerts of different accounts that are not critical, the same ones each time."""
    chance = random.Random(1)  # noqa: S311 (always the same)
    events = (draw_event(chance, 1, number) for number in itertools.count())
    return tuple(
        itertools.islice((each for each in events if each.outcome == "matched" and not each.is_critical), many)
    )


def slow_alerts(many: int) -> tuple[SimulatedEvent, ...]:
    """Return alerts of events for which the rules take almost two seconds each."""
    chance = random.Random(2)  # noqa: S311 (always the same)
    first = some_alerts(1)[0]
    slow = replace(first, record={**first.record, "requestParameters": {"seconds": 1.9}})
    return tuple(replace(later_copy(slow, chance), slow=1.9) for _ in range(many))


def batch_history(*batches: tuple[SimulatedEvent, ...]) -> History:
    """Return a history with one log file for each batch of events, all announced at once."""
    history = scripted_history("slack_app", 1, 20, *batches)
    payload = s3_event(*(file.key for file in history.files), bucket=BUCKET)
    history.notifications = [Notification(0, payload, 0.0, files=tuple(history.files))]
    return history


def throttled_count_history() -> History:
    """Return a history in which two log files reach a threshold together, and the table is throttled at first."""
    (first,) = draw_counted(random.Random(3), 1, 1)  # noqa: S311 (always the same)
    chance = random.Random(4)  # noqa: S311 (likewise)
    events = []
    for number in range(COUNTED_LEAST):
        copy = later_copy(first, chance)
        parameters = {"secretId": f"secret-{number}"}
        events.append(replace(copy, record={**copy.record, "requestParameters": parameters}))
    history = scripted_history("slack_app", 1, 20, tuple(events[:1]), tuple(events[1:]))
    history.deployment = replace(history.deployment, counts=True)
    throttled = "ProvisionedThroughputExceededException"
    history.faults.append(InjectedFault("dynamodb", throttled, 0.0, 5.0, 1.0, operation="UpdateItem"))
    return history
