"""All settings: `config.json` and the environment, checked together, without clients or secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloudtrail_to_slack.config.environment import (
    DEFAULT_SLACK_API_URL,
    is_web_address,
    read_log_level,
    read_slack_api_url,
)
from cloudtrail_to_slack.config.loader import Config, read_config
from cloudtrail_to_slack.config.routes import parse_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretSource, find_secret
from cloudtrail_to_slack.errors import ConfigurationError, ConfigurationIssue

DEFAULT_CONFIG_PATH = Path(__file__).parents[2] / "config.json"
VARIABLES = (
    "CONFIG_PATH", "SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN_SSM_PARAMETER", "SLACK_BOT_TOKEN_SECRET_ARN",
    "SLACK_WEBHOOK_URL", "SLACK_WEBHOOK_URL_SSM_PARAMETER", "SLACK_WEBHOOK_URL_SECRET_ARN",
    "SLACK_WEBHOOK_ROUTES", "SLACK_WEBHOOK_ROUTES_SSM_PARAMETER", "SLACK_WEBHOOK_ROUTES_SECRET_ARN",
    "DYNAMODB_TABLE_NAME", "SLACK_API_URL", "LOG_LEVEL", "AWS_LAMBDA_FUNCTION_NAME",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. With a bot token, webhooks are not used. `table_name` None: no state table."""

    config: Config
    slack_bot_token: SecretSource | None = None
    slack_webhook_url: SecretSource | None = None
    slack_webhook_routes: SecretSource | None = None
    table_name: str | None = None
    slack_api_url: str = DEFAULT_SLACK_API_URL
    log_level: str = "INFO"


def config_path(environment: Mapping[str, str]) -> Path:
    """Return the path of `config.json`."""
    return Path(environment.get("CONFIG_PATH", "").strip() or DEFAULT_CONFIG_PATH)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Raises:
        ConfigurationError: with all issues of the file and the environment. Issues of single rules raise nothing as
            long as one rule can be used: see `Config.rule_issues`.
    """
    own_name = environment.get("AWS_LAMBDA_FUNCTION_NAME", "").strip() or None
    config, issues = _read_config_file(config_path(environment), own_name)
    settings = Settings(
        config=config,
        slack_bot_token=find_secret("SLACK_BOT_TOKEN", environment, issues),
        slack_webhook_url=find_secret("SLACK_WEBHOOK_URL", environment, issues),
        slack_webhook_routes=find_secret("SLACK_WEBHOOK_ROUTES", environment, issues),
        table_name=environment.get("DYNAMODB_TABLE_NAME", "").strip() or None,
        slack_api_url=read_slack_api_url(environment, issues),
        log_level=read_log_level(environment, issues),
    )
    _check_destinations(settings, issues)
    if issues:
        raise ConfigurationError([*issues, *(detail for issue in config.rule_issues for detail in issue.details)])
    return settings


def _read_config_file(path: Path, own_name: str | None) -> tuple[Config, list[ConfigurationIssue]]:
    """Read `config.json`; if it cannot be read, that is an issue, reported with those of the environment."""
    try:
        return read_config(json.loads(path.read_bytes()), own_name=own_name)
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); set CONFIG_PATH to its path"
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        problem = f"is not JSON{where}"
    return Config(), [ConfigurationIssue(str(path), problem)]


def _check_destinations(settings: Settings, issues: list[ConfigurationIssue]) -> None:
    """Check that there is a destination; a referenced secret is checked when it is read."""
    config, bot = settings.config, settings.slack_bot_token
    url, routes = settings.slack_webhook_url, settings.slack_webhook_routes
    if url and url.kind == "environment" and not is_web_address(url.reference):
        issues.append(ConfigurationIssue(url.variable, "is not an http(s) address"))
    if routes and routes.kind == "environment":
        listed, wrong = parse_webhook_routes(routes.reference, routes.variable)
        issues.extend(wrong)
        if not listed and not wrong:
            issues.append(ConfigurationIssue(routes.variable, "is an empty list; leave the variable out"))
    if bot and not config.slack.default:
        problem = "is missing: a bot needs a channel for accounts without a route"
        issues.append(ConfigurationIssue("slack.default_channel_id", problem))
    if not any((bot, url, routes, config.slack_webhook_routes, config.sns, *config.destinations.values())):
        problem = "are missing: set a Slack bot token, a Slack webhook or an SNS topic to deliver alerts to"
        issues.append(ConfigurationIssue("destinations", problem))
