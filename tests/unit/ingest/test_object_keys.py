"""Interpret the keys of objects in the trail's bucket."""

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.ingest.object_keys import KeyFacts, read_key
from support.strategies import hostile_text, object_keys

ACCOUNT = "111122223333"
FILE = f"{ACCOUNT}_CloudTrail_eu-west-1_20260314T0930Z_AbCdEfGhIjKlMnOp.json.gz"
DAY = "eu-west-1/2026/03/14"

LOG_FILES = {
    "plain": f"AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "with a prefix": f"my/trail/AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "of an organization": f"AWSLogs/o-a1b2c3d4e5/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "of Control Tower": f"o-a1b2c3d4e5/AWSLogs/o-a1b2c3d4e5/{ACCOUNT}/CloudTrail/{DAY}/{FILE}",
    "an Insight": f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/{DAY}/{ACCOUNT}_CloudTrail-Insight_eu-west-1_x.json.gz",
    "network activity": f"AWSLogs/{ACCOUNT}/CloudTrail-NetworkActivity/{DAY}/x.json.gz",
    "copied elsewhere": f"copies/{FILE}",
    "copied to the root": FILE,
    "copied and unpacked": f"copies/{FILE}".removesuffix(".gz"),
}
_OTHER = "444455556666"
# What a trail's prefix may be, chosen by anyone who may call UpdateTrail.
PREFIXES = [
    "",
    *(
        f"AWSLogs/{account}/{kind}/"
        for account in (ACCOUNT, _OTHER)
        for kind in ("Config", "CloudTrail", "CloudTrail-Digest", "CloudTrail-Aggregated", "elasticloadbalancing", "x")
    ),
    f"AWSLogs/{_OTHER}/",
    f"AWSLogs/o-a1b2c3d4e5/{_OTHER}/Config/",
    f"AWSLogs/{_OTHER}/Config/AWSLogs/{_OTHER}/Config/",
    f"{_OTHER}_CloudTrail-Digest_eu-west-1_x_eu-west-1_20260314T093000Z.json.gz/",
    "CloudTrail-Digest/",
    "AWSLogs/",
    "AWSLogs/o-a1b2c3d4e5/",
    "Config\n/",
]
KINDS = ("CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity")
REGIONS = (
    "us-east-1", "ap-southeast-5", "mx-central-1", "cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-iso-east-1",
    "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "ap-northeast-10",
)  # fmt: skip
SKIPPED = {
    "a digest": (f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{DAY}/x.json.gz", "digest"),
    "a digest of an organization": (f"AWSLogs/o-a1b2/{ACCOUNT}/CloudTrail-Digest/{DAY}/x.json.gz", "digest"),
    "aggregated": (f"AWSLogs/{ACCOUNT}/CloudTrail-Aggregated/{DAY}/x.json.gz", "aggregated"),
    "AWS Config": (f"o-a1b2/AWSLogs/o-a1b2/{ACCOUNT}/Config/{DAY}/ConfigHistory/x.json.gz", "AWS Config"),
    "a load balancer": (f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{DAY}/x.log.gz", "a service other than CloudTrail"),
    "flow logs": (f"AWSLogs/{ACCOUNT}/vpcflowlogs/{DAY}/x.log.gz", "a service other than CloudTrail"),
    "a folder": (f"AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/", "folder"),
    "a digest that was copied": (f"copies/{ACCOUNT}_CloudTrail-Digest_eu-west-1_x.json.gz", "digest"),
    "a digest that was copied with its folder": (
        f"copies/CloudTrail-Digest/{DAY}/{ACCOUNT}_CloudTrail-Copied_eu-west-1_x.json.gz",
        "digest",
    ),
    "a digest of a trail named after a log file": (
        f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{DAY}/{ACCOUNT}_CloudTrail-Digest_eu-west-1_{FILE}",
        "digest",
    ),
}
STRANGERS = ("", "/", "AWSLogs/", "readme.txt", "photos/cat.jpg", f"AWSLogs/{ACCOUNT}/", "x.json.gz.bak")


@pytest.mark.parametrize("key", LOG_FILES.values(), ids=LOG_FILES)
def test_log_files(key: str) -> None:
    """Every layout CloudTrail uses is read, and names the account."""
    assert read_key(key) == KeyFacts(ACCOUNT, None)


@pytest.mark.parametrize(("key", "reason"), SKIPPED.values(), ids=SKIPPED)
def test_skipped(key: str, reason: str) -> None:
    """What others write into the same bucket is skipped, with a reason, and still names the account."""
    facts = read_key(key)
    assert facts.account == ACCOUNT
    assert reason in str(facts.skip_reason)


@pytest.mark.parametrize("key", STRANGERS)
def test_strangers(key: str) -> None:
    """An object that is not JSON and names no account is skipped."""
    facts = read_key(key)
    assert facts.account is None
    assert facts.skip_reason


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("organization", ["", "o-a1b2c3d4e5/"])
def test_no_prefix_of_a_trail_hides_its_log_files(prefix: str, organization: str) -> None:
    """Whatever a trail's prefix looks like, its log files are read, and the account is the one they are about."""
    for kind in KINDS:
        file = FILE.replace("_CloudTrail_", f"_{kind}_")
        assert read_key(f"{prefix}AWSLogs/{organization}{ACCOUNT}/{kind}/{DAY}/{file}") == KeyFacts(ACCOUNT, None)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_prefix_of_a_trail_makes_a_log_file_of_what_is_none(prefix: str) -> None:
    """Digests and what other services write stay skipped under any prefix; a digest that was read would fail."""
    digest = f"{ACCOUNT}_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260314T093000Z.json.gz"
    assert "digest" in str(read_key(f"{prefix}AWSLogs/{ACCOUNT}/CloudTrail-Digest/{DAY}/{digest}").skip_reason)
    config = f"{ACCOUNT}_Config_eu-west-1_ConfigHistory_AWS::EC2::Instance_20260314T093000Z_1.json.gz"
    assert "Config" in str(read_key(f"{prefix}AWSLogs/{ACCOUNT}/Config/{DAY}/ConfigHistory/{config}").skip_reason)


@pytest.mark.parametrize("folder", ["", "copies/", f"AWSLogs/{ACCOUNT}/Config/", "CloudTrail-Digest/2026/", "a_b/"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("region", REGIONS)
def test_a_file_named_as_cloudtrail_names_its_logs_is_read(folder: str, kind: str, region: str) -> None:
    """The name of a log file, of each kind and in each partition, counts for more than any folder it lies in."""
    name = f"{ACCOUNT}_{kind}_{region}_20260314T0930Z_AbCdEfGhIjKlMnOp.json"
    assert read_key(f"{folder}{name}.gz").skip_reason is None
    assert read_key(f"{folder}{name}") == KeyFacts(ACCOUNT, None)


def test_unknown_json_may_be_a_log_file() -> None:
    """A JSON file outside CloudTrail's layout is read rather than missed; it names no account."""
    assert read_key("exports/events.json") == KeyFacts(None, None)


def test_the_folder_names_the_account_first() -> None:
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
def test_file_names_do_not_hide_log_files(name: str) -> None:
    """No file name makes an object in CloudTrail's own folder be skipped."""
    assert read_key(f"AWSLogs/{ACCOUNT}/CloudTrail/{DAY}/{name}.json.gz") == KeyFacts(ACCOUNT, None)
