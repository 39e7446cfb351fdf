"""Names of accounts: from the configuration into messages."""

import pytest

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.destinations.slack.render.headline import lead, notification_text
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule

ACCOUNT = "111122223333"


def test_names_are_read() -> None:
    """Names stand by account; a name that is empty is none."""
    config, faults = read_config({"account_names": {ACCOUNT: " payments ", "444455556666": ""}})
    assert (faults, config.account_names) == ([], {ACCOUNT: "payments"})


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["x"], "account_names: must be an object"),
        ({"12": "x"}, "account_names.12: is not an account ID, which has 12 digits"),
        ({ACCOUNT: 7}, f"account_names.{ACCOUNT}: must be a string"),
    ],
)
def test_what_is_wrong_with_names(names: object, problem: str) -> None:
    """A wrong key or name is an issue of the configuration."""
    _, faults = read_config({"account_names": names})
    assert any(problem in str(fault) for fault in faults)


def test_messages_have_the_name_and_the_id() -> None:
    """The first lines and the notification name the account, and keep its id."""
    event = read_event({"eventName": "DeleteTrail", "recipientAccountId": ACCOUNT})
    alert = make_alert(event, (Rule("True", id="r"),), None, account_name="pay<ments>")
    assert "in `pay&lt;ments&gt; (111122223333)`" in lead(alert)
    assert "pay&lt;ments&gt; (111122223333)" in notification_text(alert)
    assert "in `account 111122223333`" in lead(make_alert(event, (Rule("True", id="r"),), None))
