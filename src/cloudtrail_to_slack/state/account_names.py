"""Names of accounts: from the configuration, then from AWS Organizations, listed at most once an hour.

One item of the state table holds the names, and when the next listing is due. The function that postpones that time, by
one conditional write, lists the accounts; all others read the item. An error may cost a name, but never an alert.

Listing a large organization takes longer than an alert may wait. So the item also holds where an unfinished listing
stopped, and a minute later the next one continues there.
"""

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloudtrail_to_slack.aws.errors import error_code
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import CloudTrailToSlackError
from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.table import Items, number
from cloudtrail_to_slack.state.trust import over, over_values, string, whole_number

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

_KEY = "account-names"
_INTERVAL_SECONDS = 3600
_ASK_AGAIN_SECONDS = 60  # while a listing is unfinished, or another function may be listing for the first time
_KEPT_SECONDS = 30 * 86_400
_LISTING_SECONDS = 3.0
_MOST_SECONDS = 5.0  # for all requests together, even if a response arrives byte by byte
_NEEDED_SECONDS = _MOST_SECONDS + 10  # time for the alerts included, which wait meanwhile
_MOST = 4_000  # in an item of 400 KB. Source: Amazon DynamoDB Developer Guide, "Quotas"
_LONGEST_NAME = 50  # Source: AWS Organizations API Reference, Account


class OrganizationNames:
    """The names of accounts, cached for the life of the process."""

    def __init__(
        self,
        configured: Mapping[str, str],
        clients: "AwsClients",
        table_name: str,
        clock: Clock,
    ) -> None:
        self._configured = configured
        self._clients = clients
        self._table = table_name
        self.clock = clock  # of the current invocation
        self._listed: dict[str, str] = {}
        self._until = 0.0

    def get(self, account: str, /) -> str | None:
        """Return the name of an account; None: it is unknown."""
        if account in self._configured:
            return self._configured[account]
        if account and self.clock.now() >= self._until and self.clock.has_time_for(_NEEDED_SECONDS):
            self._refresh()
        return self._listed.get(account)

    def _refresh(self) -> None:
        now = self.clock.now()
        self._until = now + _INTERVAL_SECONDS
        try:
            with self.clock.call(_MOST_SECONDS):
                self._read(now)
        except Exception as error:  # noqa: BLE001 (whatever goes wrong, the alert goes out)
            logger.warning(
                "the names of accounts could not be read: messages have their numbers; "
                "organizations:ListAccounts works in the management account or a delegated administrator's alone",
                extra={"error": str(error) if isinstance(error, CloudTrailToSlackError) else error_code(error)},
            )

    def _read(self, now: float) -> None:
        """Read the names from the table, and list them anew if that is due; may raise any error."""
        items = Items(self._clients.short_timeout_dynamodb, self._table, self.clock)
        values = over_values(now, _INTERVAL_SECONDS)
        values |= {":due": number(now + _INTERVAL_SECONDS), ":expires_at": number(now + _KEPT_SECONDS)}
        answer = items.update(
            _KEY,
            "SET due_at = :due, expires_at = :expires_at REMOVE next_token",  # a bad one is not tried twice
            over("due_at"),
            values,
            returned="ALL_OLD",
        )
        item = answer.attributes if answer.conflict is None else answer.conflict
        self._listed = _names(item) or self._listed
        if answer.conflict is not None:
            due = (whole_number(item, "due_at") or 0) if self._listed else 0
            self._until = min(self._until, max(due, now + _ASK_AGAIN_SECONDS))
            return
        token = self._list(string(item, "next_token"), now + _LISTING_SECONDS)
        change, found = "SET account_names = :names", {account: {"S": name} for account, name in self._listed.items()}
        values = {":names": {"M": found}}
        if token:
            self._until = now + _ASK_AGAIN_SECONDS
            change += ", due_at = :due, next_token = :token"
            values |= {":due": number(self._until), ":token": {"S": token}}
        items.update(_KEY, change, "attribute_exists(pk)", values)

    def _list(self, token: str | None, end: float) -> str | None:
        """List the accounts from `token` on until `end`; return where to continue; None: all are listed.

        Known names are kept, even if the account has been closed.
        """
        for pages in count():
            try:
                page = self._clients.organizations.list_accounts(**({"NextToken": token} if token else {}))
            except ClientError:  # if it is throttled after some pages, they are kept
                if pages:
                    break
                raise
            for each in page["Accounts"]:
                if each.get("Name") and (each["Id"] in self._listed or len(self._listed) < _MOST):
                    self._listed[each["Id"]] = each["Name"][:_LONGEST_NAME]
            token = page.get("NextToken")
            if not token or self.clock.now() >= end:
                break
        return token


def _names(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the names in an item that have the form this code writes."""
    entries = mapping(mapping(item.get("account_names")).get("M"))
    named = {account: string(entries, account) for account in entries}
    return {account: name[:_LONGEST_NAME] for account, name in named.items() if name is not None}
