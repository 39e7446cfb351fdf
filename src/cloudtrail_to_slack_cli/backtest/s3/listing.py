"""Listing log files in S3: only the prefixes that are asked for, many at once.

CloudTrail's keys are `[prefix/]AWSLogs/[ORGANIZATION/]ACCOUNT/KIND/REGION/YEAR/MONTH/DAY/FILE`. Accounts and regions
are looked up, level by level; days are not looked up where the first and the last are known. Where the keys are others,
everything under the prefix is listed.
Source: AWS CloudTrail User Guide, "Finding your CloudTrail log files".
"""

import re
import threading
from calendar import monthrange
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.ingest.object_keys import LOG_KINDS
from cloudtrail_to_slack_cli.backtest.log_file import Address, LogFile
from cloudtrail_to_slack_cli.backtest.s3.client import S3Requests
from cloudtrail_to_slack_cli.backtest.selection import Selection, is_log_file
from cloudtrail_to_slack_cli.errors import CommandError, UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_AT_ONCE = 32
_UNREADABLE_CLASSES = {"GLACIER": "S3 Glacier Flexible Retrieval", "DEEP_ARCHIVE": "S3 Glacier Deep Archive"}
_LAYOUT = re.compile(
    r"(?:.*/)?AWSLogs/(?:(?P<organization>o-[a-z0-9]+)/)?"
    r"(?:(?P<account>[0-9]{12})/(?:(?P<kind>[^/]+)/(?:(?P<region>[a-z0-9-]+)/"
    r"(?:(?P<year>[0-9]{4})/(?:(?P<month>[0-9]{2})/(?:(?P<day>[0-9]{2})/)?)?)?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class _Step:
    """Something to list: a prefix, and whether the folders in it are looked up rather than everything under it.

    `after` is where a listing of more than a page goes on.
    """

    prefix: str
    by_folder: bool
    after: str = ""


_Page = tuple[list[LogFile], list[_Step]]


@dataclass
class Listing:
    """The log files under an address in S3. `requests` counts those that were sent; more than `most_requests` fail."""

    s3: S3Requests
    address: Address
    selection: Selection
    most_requests: int | None = None
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def files(self) -> Iterator[LogFile]:
        """Yield the log files, in the same order each time.

        Raises:
            CommandError: the bucket cannot be listed, or that takes too many requests.
        """
        self.s3.client(self.address.bucket)  # says what is wrong, and is made before the threads are
        pool = ThreadPoolExecutor(_AT_ONCE, "list")
        first = _Step(self.address.key, by_folder=not self.address.key or self.address.key.endswith("/"))
        waiting, pages = deque([first]), dict[_Step, Future[_Page]]()
        try:
            while waiting:
                for step in islice(waiting, 2 * _AT_ONCE):
                    if step not in pages:
                        pages[step] = pool.submit(self._list, step)
                files, more = pages.pop(waiting.popleft()).result()
                yield from files
                waiting.extendleft(reversed(more))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _list(self, step: _Step) -> _Page:
        """List a page: return the log files on it, and what is to be listed next."""
        self._count()
        request: dict[str, Any] = {"Bucket": self.address.bucket, "Prefix": step.prefix}
        if step.by_folder:
            request["Delimiter"] = "/"
        if step.after:
            request["ContinuationToken"] = step.after
        try:
            page = self.s3.client(self.address.bucket).list_objects_v2(**request)
        except (BotoCoreError, ClientError) as error:
            raise UnreadableError(f"s3://{self.address.bucket}/{step.prefix}", f"cannot be listed: {error}") from None
        files = [self._file(each) for each in page.get("Contents", ()) if is_log_file(each["Key"])]
        folders = (folder["Prefix"] for folder in page.get("CommonPrefixes", ()))
        more = [following for folder in folders for following in steps_into(folder, self.selection)]
        if page.get("IsTruncated"):
            more.append(_Step(step.prefix, step.by_folder, page["NextContinuationToken"]))
        return files, more

    def _file(self, about: "ObjectTypeDef") -> LogFile:
        storage = _UNREADABLE_CLASSES.get(about.get("StorageClass", ""))
        problem = f"it is in {storage}, and must be restored first" if storage else None
        path, etag = str(Address(self.address.bucket, about["Key"])), about.get("ETag", "").strip('"')
        return LogFile(path, about["Size"], etag, problem=problem)

    def _count(self) -> None:
        with self._lock:
            self.requests += 1
            if self.most_requests is not None and self.requests > self.most_requests:
                more = f"more than --max-requests {self.most_requests:,} requests to S3; nothing was read"
                raise CommandError(f"listing {self.address} takes {more}")


def steps_into(folder: str, selection: Selection) -> list[_Step]:
    """Return what is to be listed of a folder: nothing where it is not asked for."""
    found = _LAYOUT.fullmatch(folder)
    if not found:
        return [_Step(folder, by_folder=_may_hold_layout(folder))]
    account, kind, region = found["account"], found["kind"], found["region"]
    is_other = (account and not selection.has_account(account)) or (kind and kind not in LOG_KINDS)
    if is_other or (region and not selection.has_region(region)):
        return []
    return _days(folder, found, selection) if region else [_Step(folder, by_folder=True)]


def _days(folder: str, found: "re.Match[str]", selection: Selection) -> list[_Step]:
    """Return what is to be listed of the folder of a region, a year, a month or a day."""
    year, month, day = (int(found[name]) if found[name] else 0 for name in ("year", "month", "day"))
    try:
        first = date(year or 1, month or 1, day or 1)
        last = date(year or 9999, month or 12, day or monthrange(year or 1, month or 12)[1])
    except ValueError:  # no folder of CloudTrail's
        return [_Step(folder, by_folder=False)]
    if not selection.has_days(first, last):
        return []
    if day:
        return [_Step(folder, by_folder=False)]
    days = None if year else selection.days()
    if days is None:
        return [_Step(folder, by_folder=True)]
    return [_Step(f"{folder}{each:%Y/%m/%d}/", by_folder=False) for each in days]


def _may_hold_layout(folder: str) -> bool:
    """Whether a folder above CloudTrail's layout is looked into folder by folder: so far down a trail's prefix goes."""
    return folder.count("/") <= 4 and "AWSLogs/" not in folder  # noqa: PLR2004 (folders)
