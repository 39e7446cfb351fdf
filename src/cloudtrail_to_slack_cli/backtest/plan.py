"""The plan of a backtest: the files it will read, their size, and the cost of the requests."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Self
from zlib import crc32

import click
import msgspec

from cloudtrail_to_slack_cli.backtest.log_file import UNKNOWN_SIZE, LogFile, is_archive, is_s3, read_address
from cloudtrail_to_slack_cli.backtest.s3.fetching import requests_for
from cloudtrail_to_slack_cli.backtest.selection import Selection
from cloudtrail_to_slack_cli.backtest.sources import KINDS, find_log_files
from cloudtrail_to_slack_cli.errors import CommandError, UnreadableError
from cloudtrail_to_slack_cli.terminal import counted

# Dollars. Source: Amazon S3 pricing, S3 Standard in us-east-1: $0.005 for 1,000 LIST, $0.0004 for 1,000 GET requests.
DOLLARS_PER_LIST = 0.005 / 1000
DOLLARS_PER_GET = 0.0004 / 1000
_DOLLARS_PER_GB_OUT = 0.09
_KEPT_IN_MEMORY = 16 * 1024 * 1024
_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(LogFile)
_FILES_AT_MOST = 2048
_BYTES_AT_MOST = 2 * 1024 * 1024
_FILES_AT_LEAST = 64
# A group ends behind a file whose name says so: one in 512. So files that are new do not change the groups around
# them, and what `--state` keeps of those is still of use.
_ENDS = 0x1FF
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


@dataclass(slots=True)
class Plan:
    """The files in the order in which they are read, in memory, and in a temporary file if there are many.

    `lists` and `gets` are requests to S3, `unnamed` files that are left out because their names do not say whether they
    are asked for. `readings`: so many times each file is read.
    """

    files: int = 0
    size: int = 0
    unknown_sizes: int = 0
    lists: int = 0
    gets: int = 0
    bytes_in_s3: int = 0
    unnamed: int = 0
    readings: int = 1
    _kept: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY))  # noqa: SIM115 (closed at the end of `with`)

    def add(self, file: LogFile) -> None:
        """Add a file."""
        self.files += 1
        known = max(file.size, 0)
        self.size += known
        self.unknown_sizes += file.size == UNKNOWN_SIZE
        if is_s3(file.path) and not file.problem:
            self.gets += requests_for(file.size)
            self.bytes_in_s3 += known
        self._kept.write(_as_line(file))

    def __iter__(self) -> Iterator[LogFile]:
        self._kept.seek(0)
        yield from map(_read_line, self._kept)

    def groups(self) -> Iterator[list[LogFile]]:
        """Yield the files in groups, the same ones for the same files; a large file is a group of its own.

        So sending them to another process pays off.
        """
        group: list[LogFile] = []
        size = 0
        for file in self:
            if group and (len(group) >= _FILES_AT_MOST or size + file.size > _BYTES_AT_MOST):
                yield group
                group, size = [], 0
            group.append(file)
            size += max(file.size, 0)
            if len(group) >= _FILES_AT_LEAST and not crc32(file.name.encode("utf-8", "replace")) & _ENDS:
                yield group
                group, size = [], 0
        if group:
            yield group

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def describe(self) -> list[str]:
        """Return in a few lines what is going to be read, and what that costs."""
        what = f"{counted(self.files, 'file')}, {readable_size(self.size)}"
        if self.unknown_sizes:
            what += f" and {counted(self.unknown_sizes, 'file')} of unknown size"
        lines = [what]
        if self.lists or self.gets:
            gets = self.gets * self.readings
            dollars = self.lists * DOLLARS_PER_LIST + gets * DOLLARS_PER_GET
            requests = f"{self.lists:,} LIST (sent) and {gets:,} GET, ${dollars:,.4f}"
            lines.append(f"requests to S3: {requests} at the prices of S3 Standard in us-east-1")
            outside = self.bytes_in_s3 * self.readings / 1e9 * _DOLLARS_PER_GB_OUT
            lines.append(f"data transfer: nothing inside the bucket's region, about ${outside:,.2f} out of AWS")
        if self.unnamed:
            lines.append(f"left out: {counted(self.unnamed, 'file')}, whose names do not state account, region and day")
        return lines


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command names: paths, a list of keys, which of the files, and how they are read.

    `most_requests`: so many S3 may get. `profile`: of the AWS command line. `state`: the folder in which results are
    kept. `engine`: `local` or `spark`. `processes`: so many at once, by default one for each core.
    """

    paths: Sequence[str]
    keys: str | None = None
    selection: Selection = field(default_factory=Selection)
    most_requests: int | None = None
    profile: str | None = None
    is_dry_run: bool = False
    state: str | None = None
    engine: str = "local"
    processes: int | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether it names nothing to read."""
        return not self.paths and self.keys is None

    def plan(self, readings: int = 1) -> Plan:
        """Find the files, each of which is to be read so many times.

        Raises:
            UnreadableError: a path does not exist or cannot be listed, or there is no log file.
            CommandError: nothing is named, or it takes more requests than there may be.
        """
        if self.is_nothing:
            raise CommandError("there is nothing to read: name files, folders, s3://bucket/prefix, or --keys FILE")
        plan = Plan(readings=readings)
        try:
            self._fill(plan)
        except BaseException:
            with plan:
                raise
        return plan

    def _fill(self, plan: Plan) -> None:
        if self.keys is not None:
            from cloudtrail_to_slack_cli.backtest.s3.client import S3Requests  # noqa: PLC0415 (boto3 takes long)
            from cloudtrail_to_slack_cli.backtest.s3.keys import read_keys  # noqa: PLC0415 (as above)

            buckets = [read_address(path).bucket for path in self.paths]
            self._add(plan, read_keys(self.keys, S3Requests(self.profile), buckets))
        else:
            for path in self.paths:
                self._add_path(plan, path)
        if not plan.files:
            where = self.keys or ", ".join(self.paths)
            left_out = "" if self.selection.is_everything else " of the days, accounts and regions asked for"
            raise UnreadableError(where, f"contains no {KINDS}{left_out}")
        requests = plan.lists + plan.gets * plan.readings
        if self.most_requests is not None and requests > self.most_requests:
            more = f"more than --max-requests {self.most_requests:,}; no log file was read"
            raise CommandError(f"it takes {requests:,} requests to S3, {more}")

    def _add_path(self, plan: Plan, path: str) -> None:
        if not is_s3(path):
            self._add(plan, find_log_files(path))
            return
        from cloudtrail_to_slack_cli.backtest.s3.client import S3Requests  # noqa: PLC0415 (as above)
        from cloudtrail_to_slack_cli.backtest.s3.listing import Listing  # noqa: PLC0415 (as above)

        most = None if self.most_requests is None else self.most_requests - plan.lists
        listing = Listing(S3Requests(self.profile), read_address(path), self.selection, most)
        self._add(plan, listing.files())
        plan.lists += listing.requests

    def _add(self, plan: Plan, files: Iterable[LogFile]) -> None:
        """Add the files that are asked for; those of which that is not known are left out."""
        for file in files:
            is_whole_archive = file.member is None and is_archive(file.path)
            if is_whole_archive or file.problem:
                plan.add(file)
                continue
            is_chosen = self.selection.includes(file.name.replace(os.sep, "/"))
            if is_chosen:
                plan.add(file)
            plan.unnamed += is_chosen is None


def _as_line(file: LogFile) -> bytes:
    try:
        return _ENCODER.encode(file) + b"\n"
    except UnicodeEncodeError:  # a path that is no UTF-8
        return json.dumps(msgspec.to_builtins(file)).encode() + b"\n"


def _read_line(line: bytes) -> LogFile:
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(line), LogFile)


def readable_size(size: float) -> str:
    """Return a number of bytes as people write it."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 (as in KB)
        size /= 1000
        unit += 1
    return f"{size:,.0f} {_UNITS[unit]}" if not unit else f"{size:,.1f} {_UNITS[unit]}"


def show_plan(plan: Plan, *, is_dry_run: bool, is_shown: bool) -> None:
    """Say what is going to be read, and what that costs: on standard output if that is all that was asked for."""
    if is_dry_run or (is_shown and (plan.lists or plan.gets or plan.unnamed)):
        for text in plan.describe():
            click.echo(text, err=not is_dry_run)
