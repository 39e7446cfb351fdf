"""A moto server whose DynamoDB does not copy its whole table for every item of a transaction.

moto copies the table deeply once for each item, in order to restore it if the transaction fails, which takes a second
where the table is large. What transactions put are new items: copying the references restores the table as well.
"""

import copy
import sys
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models.table import Table
from moto.server import main


def _copied(value: Any) -> Any:  # noqa: ANN401 (whatever moto copies)
    if not isinstance(value, Table):
        return copy.deepcopy(value)
    table = copy.copy(value)
    table.items = copy.copy(value.items)
    return table


if __name__ == "__main__":
    models.copy = SimpleNamespace(deepcopy=_copied, copy=copy.copy)  # type: ignore[assignment, attr-defined]  # as much of the module as moto uses
    main(sys.argv[1:])
