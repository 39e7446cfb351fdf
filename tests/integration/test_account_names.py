"""Names of accounts from AWS Organizations: allowed by a switch, listed once an hour, never in an alert's way."""

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.state.account_names import OrganizationNames
from support.app_environment import ACCOUNT, CHANNEL, KEY, TABLE, AppEnvironment, record, s3_event

OTHER_KEY = KEY.replace("0123", "aaaa")


class Organization:
    """Counts how often its accounts are listed; it fails with `error`."""

    def __init__(self, names: dict[str, str], error: Exception | None = None) -> None:
        self.names = names
        self.error = error
        self.listings = 0

    def list_accounts(self, *, NextToken: str = "page 0") -> dict[str, Any]:  # noqa: N803 (the name is AWS's)
        """Return the next account, each of which is on a page of its own."""
        number = int(NextToken.removeprefix("page "))
        self.listings += not number
        if self.error:
            raise self.error
        account = list(self.names)[number]
        token = {"NextToken": f"page {number + 1}"} if number + 1 < len(self.names) else {}
        return {"Accounts": [{"Id": account, "Name": self.names[account]}], **token}


class Time(Clock):
    """A clock that stands until it is put on; `spare_seconds` is what the invocation has left."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.spare_seconds = 60.0
        super().__init__(lambda: self.spare_seconds, margin=0.0, now=lambda: self.seconds)


@pytest.fixture
def time() -> Time:
    """The clock of every process."""
    return Time()


def process(app_env: AppEnvironment, organization: Organization, time: Time, **names: str) -> OrganizationNames:
    """Return what a new process of the function knows."""
    clients: Any = SimpleNamespace(short_timeout_dynamodb=app_env.aws("dynamodb"), organizations=organization)
    return OrganizationNames(names, clients, TABLE, time)


def test_an_alert_has_the_name_that_the_organization_gives(app_env: AppEnvironment) -> None:
    """With the switch on, a real listing names the account; the configuration's own name would win."""
    organizations = app_env.aws("organizations")
    organizations.create_organization(FeatureSet="ALL")
    created = organizations.create_account(AccountName="payments-prod", Email="payments@example.com")
    account = created["CreateAccountStatus"]["AccountId"]
    app_env.configure_bot(account_names_from_organizations=True)
    app_env.put_log(record(recipientAccountId=account))
    app_env.invoke(s3_event(KEY))
    (text,) = app_env.texts()
    assert f"payments-prod ({account})" in text


def test_without_the_switch_nothing_is_listed(app_env: AppEnvironment) -> None:
    """By default the function knows no names but those of its configuration, and the table has no item of them."""
    app_env.aws("organizations").create_organization(FeatureSet="ALL")
    app_env.configure_bot()
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert "Item" not in app_env.aws("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": "account-names"}})


def test_a_log_file_without_alerts_lists_nothing(app_env: AppEnvironment) -> None:
    """Names are looked up for what alerts alone."""
    app_env.configure_bot(account_names_from_organizations=True)
    app_env.put_log(record(eventName="ListBuckets", errorCode=None, errorMessage=None))
    app_env.invoke(s3_event(KEY))
    assert "Item" not in app_env.aws("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": "account-names"}})


def test_without_an_organization_the_alert_has_the_number(app_env: AppEnvironment) -> None:
    """A listing that fails costs the name, is logged, and delays nothing."""
    app_env.configure_bot(account_names_from_organizations=True)
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    (text,) = app_env.texts()
    assert ACCOUNT in text


def test_a_name_is_only_displayed(app_env: AppEnvironment) -> None:
    """An account's name that looks like a mention or a link is shown as it is written."""
    organizations = app_env.aws("organizations")
    organizations.create_organization(FeatureSet="ALL")
    created = organizations.create_account(AccountName="<!channel> *x*", Email="a@example.com")
    app_env.configure_bot(account_names_from_organizations=True)
    app_env.put_log(record(recipientAccountId=created["CreateAccountStatus"]["AccountId"]))
    app_env.invoke(s3_event(KEY))
    assert "<!channel>" not in str(app_env.slack.messages(CHANNEL))


def test_all_processes_list_once_an_hour(app_env: AppEnvironment, time: Time) -> None:
    """Of many processes one lists, the others read what it found; an hour later one of them lists again."""
    app_env.make_table()
    organization = Organization({"111111111111": "one", "222222222222": "two"})
    processes = [process(app_env, organization, time) for _ in range(4)]
    for _ in range(3):
        assert [each.get("222222222222") for each in processes] == ["two"] * 4
        time.seconds += 60
    assert organization.listings == 1
    organization.names["333333333333"] = "three"
    time.seconds += 3600
    assert [each.get("333333333333") for each in processes] == ["three"] * 4
    assert organization.listings == 2


def test_a_failure_is_not_repeated_for_an_hour(
    app_env: AppEnvironment, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """A listing that is denied is logged once and tried again an hour later; the names known before stay."""
    app_env.make_table()
    organization = Organization({"111111111111": "one"})
    assert process(app_env, organization, time).get("111111111111") == "one"
    organization.error = app_env.aws("sts").exceptions.ClientError(
        {"Error": {"Code": "AccessDeniedException"}}, "ListAccounts"
    )
    time.seconds += 3601
    later = process(app_env, organization, time)
    assert [later.get("111111111111"), later.get("999999999999")] == ["one", None]
    assert process(app_env, organization, time).get("111111111111") == "one"
    assert organization.listings == 2
    assert "AccessDeniedException" in str([getattr(each, "error", "") for each in caplog.records])


def test_a_process_that_is_second_asks_the_table_again(app_env: AppEnvironment, time: Time) -> None:
    """Who asks while the first listing is under way has no names yet, and has them a minute later without a listing."""
    app_env.make_table()
    organization = Organization({"111111111111": "one"})
    early: list[str | None] = []
    second = process(app_env, organization, time)

    class Slow(Organization):
        def list_accounts(self, **token: str) -> dict[str, Any]:
            early.append(second.get("111111111111"))
            return super().list_accounts(**token)

    assert process(app_env, Slow(organization.names), time).get("111111111111") == "one"
    assert early == [None]
    time.seconds += 60
    assert second.get("111111111111") == "one"
    assert organization.listings == 0


def test_the_configuration_wins(app_env: AppEnvironment, time: Time) -> None:
    """A name of the configuration is taken without asking anyone."""
    organization = Organization({"111111111111": "one"})
    assert process(app_env, organization, time, **{"111111111111": "mine"}).get("111111111111") == "mine"
    assert organization.listings == 0


def test_without_time_to_spare_nothing_is_listed(app_env: AppEnvironment, time: Time) -> None:
    """An invocation that ends soon delivers its alert and leaves the listing to another."""
    app_env.make_table()
    organization = Organization({"111111111111": "one"})
    time.spare_seconds = 5
    names = process(app_env, organization, time)
    assert names.get("111111111111") is None
    time.spare_seconds = 60
    assert names.get("111111111111") == "one"


def test_a_planted_item_is_not_believed_for_long(app_env: AppEnvironment, time: Time) -> None:
    """What this code did not write (a time far ahead, names of other types) stops no listing and breaks no alert."""
    app_env.make_table()
    names = {"M": {"1": {"N": "1"}, "2": {"L": []}}}
    planted = {"pk": {"S": "account-names"}, "due_at": {"N": "9" * 15}, "account_names": names}
    app_env.aws("dynamodb").put_item(TableName=TABLE, Item=planted)
    organization = Organization({"111111111111": "one"})
    assert process(app_env, organization, time).get("111111111111") == "one"
    assert organization.listings == 1


def test_a_listing_that_has_no_end_stops_in_time(app_env: AppEnvironment, time: Time) -> None:
    """A listing that takes long keeps the names of what it reached, and what was known of the others."""
    app_env.make_table()
    organization = Organization({"111111111111": "one", "222222222222": "two"})
    assert process(app_env, organization, time).get("222222222222") == "two"

    class Slow(Organization):
        def list_accounts(self, **token: str) -> dict[str, Any]:
            time.seconds += 5
            return super().list_accounts(**token)

    time.seconds += 3601
    slow = Slow({"111111111111": "renamed", "222222222222": "late"})
    names = process(app_env, slow, time)
    assert [names.get("111111111111"), names.get("222222222222")] == ["renamed", "two"]


@pytest.mark.parametrize("throttled", [False, True])
def test_a_large_organization_is_listed_in_parts(app_env: AppEnvironment, time: Time, throttled: bool) -> None:  # noqa: FBT001 (a parameter)
    """Where listing takes longer than an alert waits, or is throttled, each minute it continues where it stopped."""
    app_env.make_table()

    class Large(Organization):
        def list_accounts(self, **token: str) -> dict[str, Any]:
            if throttled and token and time.seconds > began:
                error = {"Error": {"Code": "TooManyRequestsException"}}
                raise app_env.aws("sts").exceptions.ClientError(error, "ListAccounts")
            time.seconds += 2
            return super().list_accounts(**token)

    organization = Large({f"{number:012}": f"name {number}" for number in range(7)})
    found = []
    for _ in range(7 if throttled else 4):
        began = time.seconds
        names = process(app_env, organization, time)
        found.append(sum(names.get(account) is not None for account in organization.names))
        time.seconds += 60
    assert found == ([1, 2, 3, 4, 5, 6, 7] if throttled else [2, 4, 6, 7])
    assert organization.listings == 1


def test_a_listing_that_hangs_is_given_up(
    app_env: AppEnvironment, time: Time, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where Organizations sends its answer byte by byte, the alert goes out without the name."""
    monkeypatch.setattr("cloudtrail_to_slack.state.account_names._MOST_SECONDS", 0.5)

    class Hanging(Organization):
        def list_accounts(self, **token: str) -> dict[str, Any]:
            if token:
                Event().wait(60)
            return super().list_accounts(**token)

    app_env.make_table()
    names = process(app_env, Hanging({"111111111111": "one", "222222222222": "two"}), time)
    assert [names.get("999999999999"), names.get("111111111111")] == [None, "one"]
    assert "timed_out" in str([getattr(each, "error", "") for each in caplog.records])
