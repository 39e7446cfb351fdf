"""What the key of an object in the trail's bucket tells about it."""

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.object_keys import KeyFacts, read_key
from support.strategies import hostile_text, object_keys

ACCOUNT = "111122223333"
FILE = f"{ACCOUNT}_CloudTrail_eu-west-1_20260314T0930Z_AbCdEfGhIjKlMnOp.json.gz"
DAY = "eu-west-1/2026/03/14"

LOG_OBJECTS = {
    "plain": f"AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "with a prefix": f"my/trail/AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "of an organisation": f"AWSLogs/o-a1b2c3d4e5/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "of Control Tower": f"o-a1b2c3d4e5/AWSLogs/o-a1b2c3d4e5/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "an Insight": f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/{DAY}/{ACCOUNT}_CloudTrail-Insight_eu-west-1_x.json.gz",
    "network activity": f"AWSLogs/{ACCOUNT}/CloudTrail-NetworkActivity/{DAY}/x.json.gz",
    "copied elsewhere": f"copies/{FILE}",
    "copied to the root": FILE,
    "copied and unpacked": f"copies/{FILE}".removesuffix(".gz"),
}
SKIPPED = {
    "a digest": (f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{DAY}/x.json.gz", "digest"),
    "a digest of an organisation": (f"AWSLogs/o-a1b2/{ACCOUNT}/CloudTrail-Digest/{DAY}/x.json.gz", "digest"),
    "aggregated": (f"AWSLogs/{ACCOUNT}/CloudTrail-Aggregated/{DAY}/x.json.gz", "aggregated"),
    "AWS Config": (f"o-a1b2/AWSLogs/o-a1b2/{ACCOUNT}/Config/{DAY}/ConfigHistory/x.json.gz", "AWS Config"),
    "a load balancer": (f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{DAY}/x.log.gz", "another service"),
    "flow logs": (f"AWSLogs/{ACCOUNT}/vpcflowlogs/{DAY}/x.log.gz", "another service"),
    "a folder": (f"AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/", "folder"),
    "a digest that was copied": (f"copies/{ACCOUNT}_CloudTrail-Digest_eu-west-1_x.json.gz", "digest"),
}
STRANGERS = ("", "/", "AWSLogs/", "readme.txt", "photos/cat.jpg", f"AWSLogs/{ACCOUNT}/", "x.json.gz.bak")


@pytest.mark.parametrize("key", LOG_OBJECTS.values(), ids=LOG_OBJECTS)
def test_log_objects(key: str) -> None:
    """Every layout CloudTrail uses is read, and tells the account."""
    assert read_key(key) == KeyFacts(ACCOUNT, None)


@pytest.mark.parametrize(("key", "reason"), SKIPPED.values(), ids=SKIPPED)
def test_skipped(key: str, reason: str) -> None:
    """What others write into the same bucket is skipped, with a reason, and still tells the account."""
    facts = read_key(key)
    assert facts.account == ACCOUNT
    assert reason in str(facts.skip_reason)


@pytest.mark.parametrize("key", STRANGERS)
def test_strangers(key: str) -> None:
    """An object that is no JSON and tells no account is skipped."""
    facts = read_key(key)
    assert facts.account is None
    assert facts.skip_reason


def test_unknown_json_may_be_a_log_object() -> None:
    """A JSON file outside CloudTrail's layout is read rather than missed; it tells no account."""
    assert read_key("exports/events.json") == KeyFacts(None, None)


def test_the_folder_tells_the_account_first() -> None:
    """Where folder and file name differ, the folder counts: CloudTrail chose it."""
    assert read_key(f"AWSLogs/444455556666/CloudTrail/{DAY}/{FILE}").account == "444455556666"


@pytest.mark.parametrize(
    "key",
    [
        f"AWSLogs/{'١' * 12}/CloudTrail/{DAY}/x.json.gz",
        f"copies/{'１' * 12}_CloudTrail_x.json.gz",
        f"AWSLogs/1{ACCOUNT}/CloudTrail/{DAY}/x.json.gz",
        f"AWSLogs/11112222333/CloudTrail/{DAY}/x.json.gz",
    ],
    ids=["Arabic digits", "wide digits", "13 digits", "11 digits"],
)
def test_no_account(key: str) -> None:
    """An account is twelve ASCII digits and nothing that merely looks like them."""
    assert read_key(key).account is None


@settings(deadline=None)
@given(key=object_keys())
def test_any_key(key: str) -> None:
    """Whatever a key looks like, its account is twelve ASCII digits or none."""
    account = read_key(key).account
    assert account is None or (len(account) == 12 and account.isascii() and account.isdecimal())


@settings(deadline=None)
@given(name=hostile_text(900).filter(lambda name: "/" not in name))
def test_file_names_do_not_hide_log_objects(name: str) -> None:
    """No file name makes an object in CloudTrail's own folder be skipped."""
    assert read_key(f"AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/{name}.json.gz") == KeyFacts(ACCOUNT, None)
