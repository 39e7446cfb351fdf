"""A moto server that answers the same in less time: for runs with very many requests.

What moto finds out anew for each request, though it never changes, is remembered. And its DynamoDB copies the whole
table deeply for each item of a transaction, in order to restore it if the transaction fails; what transactions put are
new items, so copying the references restores the table as well. All subscriptions sign with one key: to make
one takes as long as fifty requests. Requests are not logged.

Its DynamoDB takes one request at a time. moto checks a condition and writes the item in two steps, and two requests at
the same moment may both pass the check, which DynamoDB rules out.
"""

import copy
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import cache, lru_cache, partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.loaders import JSONFileLoader
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import backends
from moto.core import responses
from moto.core.utils import method_names_from_class
from moto.dynamodb import models
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.server import main
from moto.sns.models import Subscription
from werkzeug.serving import WSGIRequestHandler


def _copied(value: Any) -> Any:  # noqa: ANN401 (whatever moto copies)
    if not isinstance(value, Table):
        return copy.deepcopy(value)
    table = copy.copy(value)
    table.items = copy.copy(value.items)
    return table


_split = ConditionExpressionParser._lex_condition_expression  # noqa: SLF001 (most of the time of a condition)


@lru_cache(maxsize=1000)
def _parts(condition: str) -> tuple[Any, ...]:
    return tuple(_split(ConditionExpressionParser(condition, None, None)))


def _split_once(parser: ConditionExpressionParser) -> deque[Any]:
    return deque(_parts(parser.condition_expression or ""))


def _one_at_a_time(call: Callable[[DynamoHandler], Any]) -> Callable[[DynamoHandler], Any]:
    turn = threading.Lock()

    def wait_and_call(handler: DynamoHandler) -> Any:  # noqa: ANN401 (moto's answer)
        with turn:
            return call(handler)

    return wait_and_call


def _read_once(read: Callable[[JSONFileLoader, str], Any]) -> Callable[[JSONFileLoader, str], Any]:
    content = cache(partial(read, JSONFileLoader()))
    return lambda _loader, path: content(path)


if __name__ == "__main__":
    services = tuple(backends.list_of_moto_modules())
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with (
        mock.patch.object(models, "copy", SimpleNamespace(deepcopy=_copied, copy=copy.copy)),  # as much as moto uses
        mock.patch.object(backends, "list_of_moto_modules", return_value=services),
        mock.patch.object(DynamoHandler, "call_action", _one_at_a_time(DynamoHandler.call_action)),
        mock.patch.object(ConditionExpressionParser, "_lex_condition_expression", _split_once),
        mock.patch.object(WSGIRequestHandler, "log_request", return_value=None),
        mock.patch.object(Subscription, "private_key", return_value=key),
        mock.patch.object(responses, "method_names_from_class", cache(method_names_from_class)),
        mock.patch.object(JSONFileLoader, "load_file", _read_once(JSONFileLoader.load_file)),
    ):
        main(sys.argv[1:])
