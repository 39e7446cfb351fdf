"""Histories in which given things happen, for what random ones show too seldom."""

import itertools
import random
from dataclasses import replace

from simulation.happenings import ACCOUNTS, REGION, Happening, happening_of, later_copy
from simulation.histories import Announcement, Deployment, History
from simulation.log_files import BUCKET, plain_log_file
from support.world import s3_event


def directed_history(
    slack: str, channels: int, budget: int, *told: tuple[Happening, ...], apart: float = 10.0, queued: bool = False
) -> History:
    """Return a history in which these things happen, each announced `apart` seconds after the other."""
    chance = random.Random(1)  # noqa: S311 (always the same)
    places = tuple(f"C{number}" for number in range(channels))
    history = History(1, chance, Deployment(slack, places, sns=False, budget=budget, timeout=30.0))
    for number, some in enumerate(told):
        key = f"AWSLogs/{ACCOUNTS[0]}/CloudTrail/{REGION}/2026/03/14/budget_{number}.json.gz"
        file = plain_log_file(key, some)
        history.files.append(file)
        payload = s3_event(key, bucket=BUCKET)
        history.announcements.append(Announcement(number, payload, apart * number, queued=queued, files=(file,)))
    return history


def some_alerts(many: int) -> tuple[Happening, ...]:
    """Return alerts of different accounts that are not critical, the same ones each time."""
    chance = random.Random(1)  # noqa: S311 (always the same)
    happenings = (happening_of(chance, 1, number) for number in itertools.count())
    return tuple(
        itertools.islice((each for each in happenings if each.outcome == "matched" and not each.is_critical), many)
    )


def slow_alerts(many: int) -> tuple[Happening, ...]:
    """Return alerts of events for which the rules take almost two seconds each."""
    chance = random.Random(2)  # noqa: S311 (always the same)
    first = some_alerts(1)[0]
    slow = replace(first, record={**first.record, "requestParameters": {"seconds": 1.9}})
    return tuple(replace(later_copy(slow, chance), slow=1.9) for _ in range(many))


def batch_history(*told: tuple[Happening, ...]) -> History:
    """Return a history in which these things happen, each in a log file of its own, and are announced all at once."""
    history = directed_history("slack_app", 1, 20, *told)
    payload = s3_event(*(file.key for file in history.files), bucket=BUCKET)
    history.announcements = [Announcement(0, payload, 0.0, files=tuple(history.files))]
    return history
