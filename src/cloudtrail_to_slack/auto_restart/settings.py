"""The settings of the restart function, from its environment alone; it has no `config.json`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cloudtrail_to_slack.aws.arns import TrailArn
from cloudtrail_to_slack.config.environment import read_log_level, read_slack_api_url
from cloudtrail_to_slack.config.secrets import find_secret
from cloudtrail_to_slack.errors import ConfigurationError, ConfigurationIssue

VARIABLES = (
    "RESTART_TRAILS", "RESTARTS_PER_HOUR", "MAINTENANCE_SSM_PARAMETER", "ACCOUNT_ID", "DYNAMODB_TABLE_NAME",
    "SLACK_CHANNEL_ID", "SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN_SSM_PARAMETER", "SLACK_BOT_TOKEN_SECRET_ARN",
    "SLACK_WEBHOOK_URL", "SLACK_WEBHOOK_URL_SSM_PARAMETER", "SLACK_WEBHOOK_URL_SECRET_ARN", "SLACK_API_URL",
    "LOG_LEVEL", "AWS_LAMBDA_FUNCTION_NAME",
)  # fmt: skip
_TRAILS = re.compile(r"arn:(aws[a-z-]*):cloudtrail:([a-z0-9-]+|\*):([0-9]{12}):trail/([A-Za-z0-9._-]+|\*)")


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. In `allowed_trails`, `*` means any region or name, as in the policy of the function's role."""

    function_name: str
    account: str
    allowed_trails: tuple[TrailArn, ...]
    restarts_per_hour: int
    table_name: str
    maintenance_parameter: str | None
    slack_channel: str
    slack_api_url: str
    log_level: str

    def allows(self, trail: TrailArn) -> bool:
        """Whether the function may start the trail."""
        return any(
            (allowed.partition, allowed.account) == (trail.partition, trail.account)
            and allowed.region in ("*", trail.region)
            and allowed.name in ("*", trail.name)
            for allowed in self.allowed_trails
        )


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings; raise ConfigurationError with all issues."""
    issues: list[ConfigurationIssue] = []
    given = {name: environment.get(name, "").strip() for name in VARIABLES}

    def checked(name: str, pattern: str, problem: str) -> str:
        if not re.fullmatch(pattern, given[name], re.ASCII):
            issues.append(ConfigurationIssue(name, problem))
            return ""
        return given[name]

    settings = Settings(
        function_name=given["AWS_LAMBDA_FUNCTION_NAME"] or "unnamed",
        account=checked("ACCOUNT_ID", r"[0-9]{12}", "is not an account ID of 12 digits"),
        allowed_trails=_read_allowed_trails(given["RESTART_TRAILS"], issues),
        restarts_per_hour=int(
            checked("RESTARTS_PER_HOUR", "[1-9][0-9]{0,2}", "is not a whole number from 1 to 999") or 1
        ),
        table_name=checked("DYNAMODB_TABLE_NAME", r"[\w.-]+", "is not a table name"),
        maintenance_parameter=given["MAINTENANCE_SSM_PARAMETER"] or None,
        slack_channel=given["SLACK_CHANNEL_ID"],
        slack_api_url=read_slack_api_url(environment, issues),
        log_level=read_log_level(environment, issues),
    )
    bot_token, webhook = (find_secret(name, environment, issues) for name in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL"))
    if bot_token and not settings.slack_channel:
        issues.append(ConfigurationIssue("SLACK_CHANNEL_ID", "is missing: a bot needs a channel"))
    if not bot_token and not webhook:
        problem = "is missing, and so is SLACK_WEBHOOK_URL: set one of them, or no notice is sent"
        issues.append(ConfigurationIssue("SLACK_BOT_TOKEN", problem))
    if issues:
        raise ConfigurationError(issues)
    return settings


def _read_allowed_trails(text: str, issues: list[ConfigurationIssue]) -> tuple[TrailArn, ...]:
    problem, listed = "is not a list of trail ARNs", None
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        problem = "is not JSON"
    if not isinstance(listed, list) or not listed:
        issues.append(ConfigurationIssue("RESTART_TRAILS", problem))
        return ()
    found = {number: _TRAILS.fullmatch(item) if isinstance(item, str) else None for number, item in enumerate(listed)}
    problem = "is not a trail ARN (arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME)"
    issues += [ConfigurationIssue(f"RESTART_TRAILS[{number}]", problem) for number, arn in found.items() if not arn]
    return tuple(TrailArn(*arn.groups()) for arn in found.values() if arn)
