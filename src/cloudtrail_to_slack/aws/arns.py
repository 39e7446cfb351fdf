"""ARNs of roles and trails, and names of trails, checked against CloudTrail's rules before they reach a call. Pure.

Source: AWS CloudTrail User Guide, "Naming requirements for CloudTrail resources, S3 buckets, and KMS keys", and AWS
Service Authorization Reference, AWS CloudTrail, "Resource types" (the ARN).
"""

import re
from dataclasses import dataclass

# 3 to 128 letters and digits, separated by single periods, underscores or hyphens, and no IP address.
_NAME = re.compile(r"(?=.{3,128}\Z)(?![0-9]+(?:\.[0-9]+){3}\Z)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_PARTITIONS = {  # of a region, by how its name begins
    "cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f",
}  # fmt: skip
# An IAM role: its partition, account and name, without its path.
ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/(?:[^:]*/)?([\w+=,.@-]+)", re.ASCII)
_ARN = re.compile(r"arn:(aws[a-z-]{0,16}):cloudtrail:([a-z0-9-]{1,40}):([0-9]{12}):trail/(.{1,128})")


@dataclass(frozen=True, slots=True)
class TrailArn:
    """A trail: its partition, home region, account (12 digits) and name."""

    partition: str
    region: str
    account: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:cloudtrail:{self.region}:{self.account}:trail/{self.name}"


def is_role_arn(text: str) -> bool:
    """Whether `text` is the ARN of an IAM role."""
    return bool(ROLE_ARN.fullmatch(text))


def is_trail_name(text: str) -> bool:
    """Whether CloudTrail accepts `text` as the name of a trail."""
    return _NAME.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether `text` looks like the name of a region."""
    return _REGION.fullmatch(text) is not None


def read_trail_arn(text: str) -> TrailArn | None:
    """Read the ARN of a trail; None: it is not one."""
    found = _ARN.fullmatch(text)
    trail = TrailArn(*found.groups()) if found else None
    return trail if trail and is_region(trail.region) and is_trail_name(trail.name) else None


def partition_of(region: str) -> str:
    """Return the partition that a region belongs to. Source: botocore's partitions.json, "regionRegex"."""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")
