"""Slack for one test: the fake, and every secret that a function refers to."""

import json
from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from stage.cloud import Cloud


def keep_secrets(
    slack: FakeSlack, cloud: Cloud, environment: Mapping[str, str], config: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Put the bot's token and new webhooks where a function's environment and `config.json` say that they are kept.

    Returns the channel behind each webhook, by account; "" is the default.
    """
    for variable in environment:
        if variable.startswith("SLACK_BOT_TOKEN_"):
            _keep(cloud, environment[variable], slack.bot_token)
    channels: dict[str, str] = {}
    for variable in environment:
        if variable.startswith("SLACK_WEBHOOK_URL_"):
            channels[""] = "C0WEBHOOKDEFAULT"
            _keep(cloud, environment[variable], slack.add_webhook(channels[""]))
    for number, route in enumerate(_routes(environment, config or {})):
        reference = route.get("slack_hook_url_ssm_parameter") or route.get("slack_hook_url_secret_arn")
        if reference:
            channel = f"C0WEBHOOK{number}"
            _keep(cloud, reference, slack.add_webhook(channel))
            channels |= dict.fromkeys(route["accounts"], channel)
    return channels


def _routes(environment: Mapping[str, str], config: Mapping[str, Any]) -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = json.loads(environment.get("SLACK_WEBHOOK_ROUTES", "[]"))
    return [*routes, *config.get("slack_webhook_routes", [])]


def _keep(cloud: Cloud, reference: str, value: str) -> None:
    """Keep a value in SSM Parameter Store or Secrets Manager, by name or ARN."""
    if ":secretsmanager:" in reference:
        secrets = cloud.client("secretsmanager")
        try:
            secrets.put_secret_value(SecretId=reference, SecretString=value)
        except secrets.exceptions.ResourceNotFoundException:
            # A secret's ARN ends with six characters of AWS's own choice, so the test must take the name with them.
            secrets.create_secret(Name=reference.rpartition(":")[2], SecretString=value)
    else:
        name = reference.partition(":parameter")[2] or reference
        cloud.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
