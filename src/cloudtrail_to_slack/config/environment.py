"""The environment variables that both functions read. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloudtrail_to_slack.errors import ConfigurationIssue

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SLACK_API_URL = "https://slack.com/api/"
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def is_web_address(text: str) -> bool:
    """Whether `text` is an http(s) address, without spaces or control characters."""
    return re.fullmatch(r"https?://[!-~]+", text) is not None


def read_slack_api_url(environment: Mapping[str, str], issues: list[ConfigurationIssue]) -> str:
    """Return the base of Slack's API, ending with a slash; add an issue if it is wrong."""
    url = environment.get("SLACK_API_URL", "").strip() or DEFAULT_SLACK_API_URL
    if not is_web_address(url):
        issues.append(ConfigurationIssue("SLACK_API_URL", "is not an http(s) address"))
    return url if url.endswith("/") else f"{url}/"


def read_log_level(environment: Mapping[str, str], issues: list[ConfigurationIssue]) -> str:
    """Return the log level; add an issue if it is wrong."""
    level = environment.get("LOG_LEVEL", "").strip().upper() or "INFO"
    if level in _LOG_LEVELS:
        return level
    issues.append(ConfigurationIssue("LOG_LEVEL", f"must be one of {', '.join(_LOG_LEVELS)}"))
    return "INFO"
