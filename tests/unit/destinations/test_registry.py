"""The registry: each line leads to a destination of that name."""

from importlib import import_module
from typing import get_args, get_type_hints

import pytest

from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.destinations.base import Destination, Services
from cloudtrail_to_slack.destinations.registry import REGISTRY


@pytest.mark.parametrize("name", REGISTRY)
def test_an_entry_loads_the_destination_of_its_name(name: str) -> None:
    """The module's `load` returns a subclass of `Destination`, which mypy checks, whose name is the registry's."""
    (destination,) = set(get_args(get_type_hints(import_module(REGISTRY[name]).load)["return"])) - {type(None)}
    assert Destination in destination.__mro__
    assert destination.name == name


def test_what_destinations_are_made_from_shows_no_secret() -> None:
    """The representation of `Services`, which has the environment, contains no token."""
    clients = AwsClients()
    services = Services({"SLACK_BOT_TOKEN": "xoxb-secret"}, SecretReader(clients), clients, {})
    assert "xoxb" not in repr((services, services.secret("SLACK_BOT_TOKEN")))
