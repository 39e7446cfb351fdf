"""What boto works out anew for each session and client, though it is always the same, is worked out once per run.

To make a client takes 10 ms of CPU without this, more than most calls. All of it is only read: descriptions of
services, their rules about endpoints, the classes of clients. The handlers of events stay each client's own.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from botocore import client, endpoint_provider, hooks, httpsession, loaders

_METHODS: tuple[tuple[type, str], ...] = (
    (loaders.JSONFileLoader, "load_file"),
    (loaders.Loader, "list_available_services"),
    (client.ClientCreator, "_load_service_model"),
    (client.ClientCreator, "_create_client_class"),
    (httpsession.URLLib3Session, "_get_ssl_context"),
)


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Remember for as long as the block runs."""
    with contextlib.ExitStack() as patches:
        for owner, name in _METHODS:
            patches.enter_context(mock.patch.object(owner, name, _once(getattr(owner, name))))
        rules = _rules_once(endpoint_provider.RuleSet)
        patches.enter_context(mock.patch.object(endpoint_provider, "RuleSet", rules))
        patches.enter_context(mock.patch("botocore.hooks._PrefixTrie._recursive_copy", _copied))
        yield


def _once(method: Callable[..., Any]) -> Callable[..., Any]:
    """Call a method once for each set of arguments, whichever object it is called on."""
    found: dict[Any, Any] = {}

    def remembering(owner: object, *arguments: Any, **options: Any) -> Any:
        key = (arguments, *options.items())
        if key not in found:
            found[key] = method(owner, *arguments, **options)
        return found[key]

    return remembering


def _rules_once(rule_set: Callable[..., Any]) -> Callable[..., Any]:
    made: dict[int, tuple[Any, Any]] = {}  # by the identity of what a file holds, which is kept here

    def remembering(**data: Any) -> Any:
        rules = data["rules"]
        if id(rules) not in made:
            made[id(rules)] = (rules, rule_set(**data))
        return made[id(rules)][1]

    return remembering


def _copied(trie: object, node: dict[Any, Any]) -> dict[Any, Any]:
    """Copy the tree of handlers as botocore does, which calls copy.copy for each list of it."""
    return {
        key: hooks.NodeList(value.first[:], value.middle[:], value.last[:])
        if type(value) is hooks.NodeList
        else _copied(trie, value)
        if type(value) is dict
        else value
        for key, value in node.items()
    }
