"""Select log files by the day, account and region in their names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack_cli.backtest.log_file import DOCUMENTS, has_records

# Source: AWS CloudTrail User Guide, "CloudTrail log file examples": ACCOUNT_KIND_REGION_TIME_UNIQUE.json.gz, and
# "Finding your CloudTrail log files": …/AWSLogs/[ORGANIZATION/]ACCOUNT/KIND/REGION/YEAR/MONTH/DAY/.
_NAME = re.compile(
    r"(?P<account>[0-9]{12})_CloudTrail[^_/]*_(?P<region>[a-z0-9-]+)_(?P<day>[0-9]{8})T[0-9]{4,6}Z_[^/]*"
)
_FOLDERS = re.compile(
    r"(?:.*/)?AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>[0-9]{12})/[^/]+/(?P<region>[a-z0-9-]+)"
    r"/(?P<day>[0-9]{4}/[0-9]{2}/[0-9]{2})/.*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The days (UTC, in which CloudTrail delivered), from the first to the last, accounts and regions; none: all."""

    first: date | None = None
    last: date | None = None
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.first or self.last or self.accounts or self.regions)

    def includes(self, name: str) -> bool | None:
        """Return whether a file of that name is asked for; None: its name does not say."""
        if self.is_everything:
            return True
        found = _NAME.fullmatch(name.rpartition("/")[2]) or _FOLDERS.fullmatch(name)
        try:
            day = date.fromisoformat(found["day"].replace("/", "")) if found else None
        except ValueError:
            day = None
        if not found or not day:
            return None
        return self.has_account(found["account"]) and self.has_region(found["region"]) and self.has_days(day, day)

    def has_account(self, account: str) -> bool:
        """Whether log files of an account are asked for."""
        return not self.accounts or account in self.accounts

    def has_region(self, region: str) -> bool:
        """Whether log files of a region are asked for."""
        return not self.regions or region in self.regions

    def has_days(self, first: date, last: date) -> bool:
        """Whether any day from `first` to `last` is asked for."""
        return (self.first is None or last >= self.first) and (self.last is None or first <= self.last)

    def days(self) -> Iterator[date] | None:
        """Return the days from the first to the last; None where one of them is open."""
        if self.first is None or self.last is None:
            return None
        first, count = self.first, (self.last - self.first).days + 1
        return (first + timedelta(days=number) for number in range(count))


def is_log_file(name: str) -> bool:
    """Whether a file may be a log file: its ending is one, it is not hidden, and no digest or the like."""
    if not has_records(name) or any(_is_hidden(part) for part in name.split("/")):
        return False
    return not (name.lower().endswith(DOCUMENTS) and read_key(name).skip_reason)


def _is_hidden(part: str) -> bool:
    return part.startswith((".", "__MACOSX")) and part not in (".", "..")
