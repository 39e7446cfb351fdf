"""The sources of a backtest: files, members of archives, and S3 objects."""

import re
from dataclasses import dataclass

from cloudtrail_to_slack_cli.errors import CommandError

DOCUMENTS = (".json", ".json.gz")
LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
S3 = "s3://"
UNKNOWN_SIZE = -1
# A name, or the ARN of an access point, which has slashes of its own.
_BUCKET = re.compile(
    r"(arn:aws[a-z-]*:s3[a-z-]*:[a-z0-9-]*:[0-9]*:accesspoint/[a-z0-9-]+|[A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class Member:
    """Where a file is in an archive: its bytes begin at `offset`, or, in a zip, the header before them does.

    `method` is the zip's number of the compression, None in a tar. `checksum` is the CRC-32 of what it unpacks to.
    """

    name: str
    offset: int
    method: int | None = None
    checksum: int = 0


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file with records: its path, or its address `s3://bucket/key`, and its size in bytes as stored.

    `version` changes when the content does: an ETag, or the time of the last change. `problem` says why the file
    cannot be read, where that is known without reading it.
    """

    path: str
    size: int
    version: str = ""
    member: Member | None = None
    problem: str | None = None

    @property
    def name(self) -> str:
        """What reports call it: the path, and for a member of an archive its name there."""
        return f"{self.path}!/{self.member.name}" if self.member else self.path


def is_s3(path: str) -> bool:
    """Whether a path is the address of something in S3."""
    return path.startswith(S3)


def has_records(name: str) -> bool:
    """Whether a file's name is one that a file with records has."""
    return name.lower().endswith((*DOCUMENTS, *LINES))


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def unreadable(error: OSError) -> str:
    """Return in words why a file cannot be read."""
    return f"it cannot be read ({error.strerror or type(error).__name__})"


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket, and a key or a prefix in it."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{S3}{self.bucket}/{self.key}"


def read_address(text: str) -> Address:
    """Read `s3://bucket/key`.

    Raises:
        CommandError: it is no such address.
    """
    found = _BUCKET.match(text, len(S3)) if text.startswith(S3) else None
    if not found:
        raise CommandError(f"{text} is not an S3 address: write s3://bucket/prefix")
    return Address(found[1], text[found.end() :])
