"""The delivery intervals of accounts and regions in the state table, and which of them are reported as down.

    intervals#111122223333   intervals: a string, see `intervals.encode`; written by each function that reads a log file
    sources#33               accounts: those ending in 33 that have intervals
    sources                  lease, owner: who is checking now; checked: when all intervals were last checked

The table has no sort key, so no query can find the accounts. They are listed in a hundred items, which one request
reads.
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.state.leases import OWNER, lease_condition, lease_values
from cloudtrail_to_slack.state.table import StateError, Table, number
from cloudtrail_to_slack.state.trust import string, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 90 * 86_400  # without a log file from any region: the account is closed or its trail deleted
_MOST_ACCOUNTS = 500  # in an item of the list; an organization has at most 10,000, and keys can be forged
LONGEST_CHECK_SECONDS = 902  # Lambda runs nothing longer than 900
_ROUNDS = 5
_ACCOUNT = re.compile("[0-9]{12}")
_CHECK = "sources"
_NAMES = {**OWNER, "#lease": "lease"}


class LogSourceTable:
    """One invocation's requests to the table. Each raises StateError if the table cannot be used."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock) -> None:
        self._table = Table(dynamodb, table_name, clock)
        self._clock = clock

    def intervals(self, accounts: Iterable[str]) -> dict[str, str]:
        """Return the intervals of the accounts that have any, as strings."""
        items = self._table.read((f"intervals#{account}" for account in accounts), "pk, intervals")
        texts = {key.removeprefix("intervals#"): string(item, "intervals") for key, item in items.items()}
        return {account: text for account, text in texts.items() if text is not None}

    def put_intervals(self, account: str, before: str | None, after: str) -> tuple[bool, str | None]:
        """Write an account's intervals if they still are `before` (None: there are none); see `Items.replace`."""
        return self._table.replace(
            f"intervals#{account}", "intervals", before, after, self._clock.now() + _KEPT_SECONDS
        )

    def change_intervals(self, account: str, known: str | None, change: Callable[[str | None], str | None]) -> None:
        """Change an account's intervals; `known` are the expected ones; see `Items.change`."""
        key, expires_at = f"intervals#{account}", self._clock.now() + _KEPT_SECONDS
        if not self._table.change(key, "intervals", change, expires_at, known=known, rounds=_ROUNDS):
            raise StateError("contended", is_permanent=False)

    def list_account(self, account: str) -> bool:
        """List an account; False: there are too many with the same last digits."""
        key, one = f"{_CHECK}#{account[-2:]}", {"SS": [account]}
        values = {":one": one, ":account": {"S": account}, ":most": number(_MOST_ACCOUNTS), ":set": {"S": "SS"}}
        condition = (
            "attribute_not_exists(accounts) OR (attribute_type(accounts, :set)"
            " AND (contains(accounts, :account) OR size(accounts) < :most))"
        )
        item = self._table.update(key, "ADD accounts :one", condition, values).conflict
        if item is None:
            return True
        # This code did not write the list: replace it.
        values = {":one": one, ":set": {"S": "SS"}}
        condition = "NOT attribute_type(accounts, :set)"
        return self._table.update(key, "SET accounts = :one", condition, values).conflict is None

    def accounts(self) -> list[str]:
        """Return all accounts that are listed."""
        items = self._table.read((f"{_CHECK}#{end:02}" for end in range(100)), "pk, accounts")
        listed = {key: item.get("accounts", {}).get("SS", ()) for key, item in items.items()}
        return [each for key in listed for each in listed[key] if _ACCOUNT.fullmatch(each) and each[-2:] == key[-2:]]

    def begin_check(self, owner: str, seconds: float) -> int | None:
        """Begin a check that lasts at most `seconds`; return the time of the previous one (0: never).

        Returns None while another function is checking. Times are seconds since 1970.
        """
        now = self._clock.now()
        answer = self._table.update(
            _CHECK,
            "SET #owner = :owner, #lease = :lease",
            lease_condition("#lease"),
            {":lease": number(now + seconds), **lease_values(now, owner, LONGEST_CHECK_SECONDS)},
            names=_NAMES,
            returned="ALL_NEW",
        )
        return min(whole_number(answer.attributes, "checked") or 0, int(now)) if answer.conflict is None else None

    def end_check(self, owner: str, checked: int) -> None:
        """Let other functions check; `checked` is the time of the last complete check (0: never)."""
        values = {":owner": {"S": owner}, ":checked": number(checked)}
        self._table.update(_CHECK, "SET checked = :checked REMOVE #lease", "#owner = :owner", values, names=_NAMES)
