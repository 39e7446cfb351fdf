"""The known destinations, one line each."""

from collections import UserDict
from functools import cached_property
from importlib import import_module
from typing import Any

from cloudtrail_to_slack.destinations.base import Destination, Services
from cloudtrail_to_slack.errors import ConfigurationError, ConfigurationIssue

# The name, and the module whose `load(services)` returns the destination, or None if it is not configured.
REGISTRY: dict[str, str] = {
    "slack_app": "cloudtrail_to_slack.destinations.slack.bot",
    "slack_webhook": "cloudtrail_to_slack.destinations.slack.webhook",
    "sns": "cloudtrail_to_slack.destinations.sns.client",
}


class Destinations(UserDict[str, Destination[Any]]):
    """The configured destinations by name, made when one is first needed, which keeps a cold start short.

    Raises:
        ConfigurationError: there are routes for a destination that is not in the registry.
    """

    def __init__(self, services: Services) -> None:
        unknown = [name for name in services.routes if name not in REGISTRY]
        if unknown:
            problem = f"is not a known destination; the destinations are {', '.join(sorted(REGISTRY))}"
            raise ConfigurationError([ConfigurationIssue(f"destinations.{name}", problem) for name in unknown])
        self._services = services

    @cached_property
    def data(self) -> dict[str, Destination[Any]]:  # type: ignore[override]  # typeshed has an attribute
        """The destinations that the mapping holds."""
        made = {name: import_module(module).load(self._services) for name, module in REGISTRY.items()}
        return {name: destination for name, destination in made.items() if destination is not None}
