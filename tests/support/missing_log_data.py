"""A deployment with the alarm on missing log data, and time passing in it."""

import types
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource, encode
from cloudtrail_to_slack.log_sources.table import LogSourceTable
from support.app_environment import CHANNEL, TABLE, AppEnvironment, log_bytes, record, s3_event
from support.timers import lift_real_limits

HOUR, DAY = 3_600, 86_400
CHECK = {"source": "cloudtrail-to-slack", "detail-type": "Missing Log Data Check"}
A, B = LogSource("111122223333", "eu-west-1"), LogSource("444455556666", "us-east-1")
QUIET = record(errorCode=None)


class Scene:
    """A deployment with the alarm on missing log data, on a clock of its own, with a check every half an hour."""

    def __init__(self, app_env: AppEnvironment) -> None:
        self.app_env = app_env
        self.now = 1_773_480_000.0
        self.waited: list[float] = []
        self.objects = 0
        clock = types.SimpleNamespace(time=lambda: self.now, sleep=self._sleep)
        app_env.monkeypatch.setattr("cloudtrail_to_slack.clock.time", clock)
        lift_real_limits(app_env.monkeypatch)

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    def configure(self, **config: Any) -> None:
        """Deploy with a bot and a table."""
        self.app_env.configure_bot(enable_missing_log_data_alerts=True, **config)

    def key(self, source: LogSource) -> str:
        """Return the key of an object that CloudTrail delivers now."""
        self.objects += 1
        time = datetime.fromtimestamp(self.now, UTC)
        account, region = source
        file = f"{account}_CloudTrail_{region}_{time:%Y%m%dT%H%M}Z_{self.objects:016x}.json.gz"
        return f"AWSLogs/o-a1b2c3/{account}/CloudTrail/{region}/{time:%Y/%m/%d}/{file}"

    def deliver(self, *sources: LogSource, content: Any = QUIET) -> Any:
        """Let CloudTrail deliver an object for each source, and the function read them."""
        keys = [self.app_env.put(log_bytes(content), self.key(source)) for source in sources]
        return self.app_env.invoke(s3_event(*keys))

    def live(self, *sources: LogSource, days: float = 8, every: float = 6 * HOUR) -> None:
        """Let the sources deliver for days, at a period; the last object comes at the end."""
        end = self.now + days * DAY
        while self.now < end:
            self.deliver(*sources)
            self.now += every
        self.deliver(*sources)

    def check(self) -> None:
        """Let the schedule invoke the function."""
        self.app_env.invoke(CHECK)

    def pass_time(self, hours: float, *, every: float = 0.5) -> None:
        """Let time pass, with a check every so many hours."""
        for _ in range(int(hours / every)):
            self.now += every * HOUR
            self.check()

    def until_due(self, source: LogSource) -> None:
        """Let a source that delivered regularly be down until the moment of the check that reports it."""
        self.configure()
        self.check()
        self.know([source])
        self.pass_time(2)
        self.now += HOUR / 2

    def said(self, channel: str = CHANNEL) -> list[str]:
        """Return the first lines of a channel's messages."""
        return [text.split("\n")[0] for text in self.app_env.texts(channel)]

    def items(self) -> dict[str, Any]:
        """Return what is in the table about delivery intervals, by key."""
        items = self.app_env.aws("dynamodb").scan(TableName=TABLE)["Items"]
        return {item["pk"]["S"]: item for item in items if item["pk"]["S"].startswith(("intervals#", "sources"))}

    def know(self, sources: Iterable[LogSource]) -> None:
        """Let delivery intervals be known of sources that have delivered every few minutes, up to now."""
        table = LogSourceTable(self.app_env.aws("dynamodb"), TABLE, Clock(lambda: 900.0, now=lambda: self.now))
        now = int(self.now)
        regions: dict[str, dict[str, DeliveryIntervals]] = {}
        for account, region in sources:
            regions.setdefault(account, {})[region] = DeliveryIntervals(now - 30 * DAY, now, 1_200, 2_000)
        for account, known_intervals in regions.items():
            assert table.list_account(account)
            assert table.put_intervals(account, None, encode(known_intervals))[0]
