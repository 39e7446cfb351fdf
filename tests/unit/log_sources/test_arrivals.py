"""When and from where an object came, by its key."""

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.log_sources.intervals import LogFileDelivery, LogSource, read_log_file_delivery
from support.strategies import hostile_text, object_keys

_ACCOUNT = "111122223333"
_NAME = f"{_ACCOUNT}_CloudTrail_eu-west-1_20260314T0930Z_AbCdEfGhIjKlMnOp.json.gz"
_FOLDER = f"AWSLogs/{_ACCOUNT}/CloudTrail/eu-west-1/2026/03/14"
_KEY = f"{_FOLDER}/{_NAME}"
_TIME = 1_773_480_600  # 2026-03-14T09:30Z


@pytest.mark.parametrize(
    "key",
    [
        _KEY,
        f"my/prefix/{_KEY}",
        _KEY.replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/"),
        f"o-a1b2c3d4e5/{_KEY.replace('AWSLogs/', 'AWSLogs/o-a1b2c3d4e5/')}",
    ],
    ids=["plain", "with a prefix", "of an organization", "of Control Tower"],
)
def test_every_layout_is_read(key: str) -> None:
    """Account, region and time of the delivery are the key's."""
    assert read_log_file_delivery(key) == LogFileDelivery(LogSource(_ACCOUNT, "eu-west-1"), _TIME)


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "us-isob-east-1", "ap-southeast-7", "eusc-de-east-1"])
def test_every_region_is_one(region: str) -> None:
    """Regions of every partition, and of those to come."""
    arrival = read_log_file_delivery(_KEY.replace("eu-west-1", region))
    assert arrival is not None
    assert arrival.source.region == region


@pytest.mark.parametrize(
    "key",
    [
        _KEY.replace(_ACCOUNT, "11112222333"),
        _KEY.replace(_ACCOUNT, "1111222233334"),
        _KEY.replace(_ACCOUNT, "１" * 12),
        _KEY.replace("eu-west-1", "EU-WEST-1"),
        _KEY.replace("eu-west-1", "nowhere"),
        _KEY.replace("eu-west-1", "eu-west-1 <!channel>"),
        _KEY.replace("eu-west-1", "x" * 40 + "-west-1"),
        f"{_FOLDER}/{_NAME.replace(_ACCOUNT, '444455556666')}",
        f"{_FOLDER}/{_NAME.replace('eu-west-1', 'us-east-1')}",
        f"{_FOLDER}/{_NAME.replace('20260314', '20261399')}",
        f"{_FOLDER}/{_NAME.replace('20260314T0930Z', '2026-03-14')}",
        f"{_KEY}\n",
        f"{_KEY}.bak",
        f"{_FOLDER}/extra/{_NAME}",
        f"copies/{_NAME}",
        f"{'x' * 1100}/{_KEY}",
        _KEY.replace("/CloudTrail/", "/CloudTrail-Digest/"),
        _KEY.replace("/CloudTrail/", "/CloudTrail-Insight/"),
        _KEY.replace("CloudTrail", "CloudTrail-NetworkActivity"),
        "",
    ],
)
def test_what_cloudtrail_does_not_name_so_is_no_arrival(key: str) -> None:
    """An account not of twelve digits, a region that is none, a name that contradicts its folder, a copy, a digest."""
    assert read_log_file_delivery(key) is None


@settings(deadline=None)
@given(key=object_keys())
def test_any_key(key: str) -> None:
    """Whatever a key looks like, what it gives is an account, a region and a time."""
    arrival = read_log_file_delivery(key)
    if arrival is not None:
        account, region = arrival.source
        assert (len(account), account.isascii(), account.isdecimal()) == (12, True, True)
        assert region.isascii()
        assert region.replace("-", "").isalnum()


@settings(deadline=None)
@given(text=hostile_text(900))
def test_hostile_text_is_no_part_of_a_name(text: str) -> None:
    """A region of any text is one of CloudTrail's own or none."""
    arrival = read_log_file_delivery(_KEY.replace("eu-west-1", text))
    assert arrival is None or arrival.source.region == text.strip()
