"""Addresses of what is in S3: `s3://bucket/key`."""

import re
from dataclasses import dataclass

from cloudtrail_to_slack_cli.backtest.log_file import S3
from cloudtrail_to_slack_cli.errors import CommandError

# A name, or the ARN of an access point, which has slashes of its own.
_BUCKET = re.compile(
    r"(arn:aws[a-z-]*:s3[a-z-]*:[a-z0-9-]*:[0-9]*:accesspoint/[a-z0-9-]+|[A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/|$)"
)


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
