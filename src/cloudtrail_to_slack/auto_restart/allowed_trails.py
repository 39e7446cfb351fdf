"""Which trails may be started: the ARNs, with wildcards, that the function's role names too. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cloudtrail_to_slack.aws.arns import TrailArn
from cloudtrail_to_slack.errors import ConfigurationIssue

_ANY = "*"
_PATTERN = re.compile(r"arn:(aws[a-z-]*):cloudtrail:([a-z0-9-]+|\*):([0-9]{12}):trail/([A-Za-z0-9._-]+|\*)")


@dataclass(frozen=True, slots=True)
class AllowedTrails:
    """The trails that may be started; in a pattern, `*` stands for any region or any name."""

    patterns: Sequence[TrailArn]

    def __contains__(self, trail: TrailArn) -> bool:
        return any(
            (pattern.partition, pattern.account) == (trail.partition, trail.account)
            and pattern.region in (_ANY, trail.region)
            and pattern.name in (_ANY, trail.name)
            for pattern in self.patterns
        )


def read_allowed_trails(text: str, variable: str, issues: list[ConfigurationIssue]) -> AllowedTrails:
    """Read the JSON list of ARNs that `variable` holds; what is wrong in it is noted in `issues`."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        issues.append(ConfigurationIssue(variable, "is not JSON"))
        return AllowedTrails(())
    if not isinstance(listed, list) or not listed:
        issues.append(ConfigurationIssue(variable, "is no list of ARNs of trails"))
        return AllowedTrails(())
    patterns = []
    for number, item in enumerate(listed):
        found = _PATTERN.fullmatch(item) if isinstance(item, str) else None
        if found:
            patterns.append(TrailArn(*found.groups()))
        else:
            issues.append(
                ConfigurationIssue(
                    f"{variable}[{number}]", "is no ARN of a trail (arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME)"
                )
            )
    return AllowedTrails(tuple(patterns))
