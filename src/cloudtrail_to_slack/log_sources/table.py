"""The rhythms of accounts and regions, and the silences that are told, in the state table.

    rhythm#111122223333   rhythms: text, see `rhythm.encode`; written by whoever read a log object of the account
    silence#33            accounts: the accounts ending in 33 that have a rhythm; told: their silences that are told
    silence               lease, owner: who is checking now; checked: when all rhythms were last looked at

The table has no sort key and holds other things by the thousand, so what there is to check is not found by a query or
a scan: the accounts are listed in a hundred items, which one request reads. A rhythm is read and written back only if
it is still what was read. A check is one function's at a time, so what it says of silences needs no such condition.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.log_sources.intervals import LogSource
from cloudtrail_to_slack.state.leases import OWNER, lease_condition, lease_values
from cloudtrail_to_slack.state.table import Table, number
from cloudtrail_to_slack.state.trust import string, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 90 * 86_400  # without an object from any region, for then the account is closed or its trail is gone
_MOST_ACCOUNTS = 500  # of an item that lists them; an organisation has 10,000 at most, and keys could be made up
LONGEST_CHECK_SECONDS = 902  # Lambda runs nothing longer than 900
_ACCOUNT = re.compile("[0-9]{12}")
_CHECK = "silence"
_NAMES = {**OWNER, "#lease": "lease"}

Told = dict[LogSource, dict[str, int]]  # by kind of destination, the last object before the silence that was told


@dataclass(slots=True)
class Shard:
    """The accounts that end in the same two digits, and what of their silences is told."""

    accounts: Sequence[str] = ()
    told: Told = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """A check that may go on; `checked` is when there was one before, in seconds since 1970."""

    checked: int | None


class LogSourceTable:
    """The requests to the table, as one invocation makes them. Each raises a StateError when it cannot be asked."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock) -> None:
        self._table = Table(dynamodb, table_name)
        self._clock = clock

    def rhythms(self, accounts: Iterable[str]) -> dict[str, str]:
        """Return the rhythms of those of the accounts that have any, as text."""
        items = self._table.read((f"rhythm#{account}" for account in accounts), "pk, rhythms", self._clock)
        texts = {key.removeprefix("rhythm#"): string(item, "rhythms") for key, item in items.items()}
        return {account: text for account, text in texts.items() if text is not None}

    def put_rhythms(self, account: str, before: str | None, after: str) -> tuple[bool, str | None]:
        """Write an account's rhythms if they still are `before` (None: there are none).

        Returns whether they were written and, where not, what they are instead.
        """
        values: dict[str, Any] = {":after": {"S": after}, ":expires_at": number(self._clock.now() + _KEPT_SECONDS)}
        if before is None:
            condition, values[":string"] = "NOT attribute_type(rhythms, :string)", {"S": "S"}
        else:
            condition, values[":before"] = "rhythms = :before", {"S": before}
        answer = self._table.update(
            f"rhythm#{account}", "SET rhythms = :after, expires_at = :expires_at", condition, values
        )
        if answer.conflict is None:
            return True, after
        return False, string(answer.conflict, "rhythms")

    def list_account(self, account: str) -> bool:
        """See to it that an account is listed; False when there are too many that end like it."""
        key, one = _shard_key(account), {"SS": [account]}
        values = {":one": one, ":account": {"S": account}, ":most": number(_MOST_ACCOUNTS), ":set": {"S": "SS"}}
        condition = (
            "attribute_not_exists(accounts) OR (attribute_type(accounts, :set)"
            " AND (contains(accounts, :account) OR size(accounts) < :most))"
        )
        item = self._table.update(key, "ADD accounts :one", condition, values).conflict
        if item is None:
            return True
        # No list of ours: it makes way.
        values = {":one": one, ":set": {"S": "SS"}}
        condition = "NOT attribute_type(accounts, :set)"
        return self._table.update(key, "SET accounts = :one", condition, values).conflict is None

    def shards(self) -> dict[str, Shard]:
        """Return all accounts that are listed, and what is told of them, by the end of the account."""
        items = self._table.read((f"{_CHECK}#{end:02}" for end in range(100)), "pk, accounts, told", self._clock)
        return {
            key.removeprefix(f"{_CHECK}#"): Shard(_read_accounts(key, item), _read_told(item))
            for key, item in items.items()
        }

    def note_told(self, end: str, told: Told) -> None:
        """Note what is told of the accounts with this end."""
        by_account: dict[str, dict[str, Any]] = {}
        for source, kinds in sorted(told.items()):
            by_account.setdefault(source.account, {})[source.region] = kinds
        text = json.dumps(by_account, separators=(",", ":"), sort_keys=True)
        self._table.update(f"{_CHECK}#{end}", "SET told = :told", "attribute_exists(pk)", {":told": {"S": text}})

    def begin_check(self, owner: str, seconds: float) -> Begun | None:
        """Begin a check that lasts `seconds` at most; None while another function is at one."""
        now = self._clock.now()
        answer = self._table.update(
            _CHECK,
            "SET #owner = :owner, #lease = :lease",
            lease_condition("#lease"),
            {":lease": number(now + seconds), **lease_values(now, owner, LONGEST_CHECK_SECONDS)},
            names=_NAMES,
            returned="ALL_NEW",
        )
        if answer.conflict is not None:
            return None
        checked = whole_number(answer.attributes, "checked")
        return Begun(None if checked is None else min(checked, int(now)))

    def end_check(self, owner: str, checked: int | None) -> None:
        """Let others check; `checked` is when all rhythms were looked at, None: never."""
        values: dict[str, Any] = {":owner": {"S": owner}}
        update = "REMOVE #lease"
        if checked is not None:
            update, values[":checked"] = f"SET checked = :checked {update}", number(checked)
        self._table.update(_CHECK, update, "#owner = :owner", values, names=_NAMES)


def end_of(account: str) -> str:
    """Return by which end an account is listed."""
    return account[-2:]


def _shard_key(account: str) -> str:
    return f"{_CHECK}#{end_of(account)}"


def _read_accounts(key: str, item: Mapping[str, Any]) -> Sequence[str]:
    """Return the accounts that an item lists, without what is none or belongs into another item."""
    listed = item.get("accounts", {}).get("SS", ())
    return [account for account in listed if _ACCOUNT.fullmatch(account) and _shard_key(account) == key]


def _read_told(item: Mapping[str, Any]) -> Told:
    """Return which silences were notified; what this code does not write is left out, and notified again."""
    try:
        by_account = json.loads(string(item, "told") or "{}")
    except (ValueError, RecursionError):
        return {}
    told: Told = {}
    for account, regions in by_account.items() if isinstance(by_account, dict) else ():
        for region, kinds in regions.items() if isinstance(regions, dict) else ():
            times = {kind: time for kind, time in kinds.items() if type(time) is int} if isinstance(kinds, dict) else {}
            if times:
                told[LogSource(account, region)] = times
    return told
