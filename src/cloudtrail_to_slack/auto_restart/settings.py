"""What is set for the function that starts logging again: its environment, checked; it reads no config.json.

Reading settings makes no client and reads no secret that is only referred to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cloudtrail_to_slack.auto_restart.allowed_trails import AllowedTrails, read_allowed_trails
from cloudtrail_to_slack.config.environment import DEFAULT_SLACK_API_URL, read_log_level, read_slack_api_url
from cloudtrail_to_slack.config.secrets import SecretSource, find_secret
from cloudtrail_to_slack.errors import ConfigurationError, ConfigurationIssue

VARIABLES = (
    "RESTART_TRAILS", "RESTARTS_PER_HOUR", "MAINTENANCE_SSM_PARAMETER", "ACCOUNT_ID", "DYNAMODB_TABLE_NAME",
    "SLACK_CHANNEL_ID", "SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN_SSM_PARAMETER", "SLACK_BOT_TOKEN_SECRET_ARN",
    "SLACK_WEBHOOK_URL", "SLACK_WEBHOOK_URL_SSM_PARAMETER", "SLACK_WEBHOOK_URL_SECRET_ARN", "SLACK_API_URL",
    "LOG_LEVEL", "AWS_LAMBDA_FUNCTION_NAME",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. With a bot token the bot speaks, in `slack_channel`; else the webhook does."""

    function_name: str
    account: str
    permitted: AllowedTrails
    restarts_per_hour: int
    table_name: str
    maintenance_parameter: str | None = None
    slack_channel: str = ""
    slack_bot_token: SecretSource | None = None
    slack_webhook_url: SecretSource | None = None
    slack_api_url: str = DEFAULT_SLACK_API_URL
    log_level: str = "INFO"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Raises:
        ConfigurationError: with everything that is wrong.
    """
    issues: list[ConfigurationIssue] = []
    given = {name: environment.get(name, "").strip() for name in VARIABLES}
    settings = Settings(
        function_name=given["AWS_LAMBDA_FUNCTION_NAME"] or "unnamed",
        account=_matching(given, "ACCOUNT_ID", r"[0-9]{12}", "is no account id of 12 digits", issues),
        permitted=read_allowed_trails(given["RESTART_TRAILS"], "RESTART_TRAILS", issues),
        restarts_per_hour=_whole(given, "RESTARTS_PER_HOUR", issues),
        table_name=_matching(given, "DYNAMODB_TABLE_NAME", r"[\w.-]+", "is no name of a table", issues),
        maintenance_parameter=given["MAINTENANCE_SSM_PARAMETER"] or None,
        slack_channel=given["SLACK_CHANNEL_ID"],
        slack_bot_token=find_secret("SLACK_BOT_TOKEN", environment, issues),
        slack_webhook_url=find_secret("SLACK_WEBHOOK_URL", environment, issues),
        slack_api_url=read_slack_api_url(environment, issues),
        log_level=read_log_level(environment, issues),
    )
    if settings.slack_bot_token and not settings.slack_channel:
        issues.append(ConfigurationIssue("SLACK_CHANNEL_ID", "is missing: a bot needs a channel"))
    if not settings.slack_bot_token and not settings.slack_webhook_url:
        issues.append(
            ConfigurationIssue(
                "SLACK_BOT_TOKEN", "is missing, and so is SLACK_WEBHOOK_URL: set one of them, or no notice is sent"
            )
        )
    if issues:
        raise ConfigurationError(issues)
    return settings


def _matching(given: Mapping[str, str], name: str, pattern: str, problem: str, issues: list[ConfigurationIssue]) -> str:
    if not re.fullmatch(pattern, given[name], re.ASCII):
        issues.append(ConfigurationIssue(name, problem))
    return given[name]


def _whole(given: Mapping[str, str], name: str, issues: list[ConfigurationIssue]) -> int:
    if not re.fullmatch("[1-9][0-9]{0,2}", given[name]):
        issues.append(ConfigurationIssue(name, "is no whole number from 1 to 999"))
        return 1
    return int(given[name])
