"""Links into the AWS console."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.aws.console_links import event_link, insights_link, log_file_link
from cloudtrail_to_slack.ingest.payloads import LogFile
from support.samples import EVENT_ID, KEY
from support.slack_limits import LONGEST_URL
from support.strategies import hostile_text, object_keys, regions

CONSOLES = {
    "eu-west-1": "eu-west-1.console.aws.amazon.com",
    "us-gov-west-1": "us-gov-west-1.console.amazonaws-us-gov.com",
    "cn-northwest-1": "cn-northwest-1.console.amazonaws.cn",
    "eusc-de-east-1": "eusc-de-east-1.console.amazonaws-eusc.eu",
    "ap-southeast-5": "ap-southeast-5.console.aws.amazon.com",
    "mx-central-1": "mx-central-1.console.aws.amazon.com",
}
NO_REGIONS = ("", "global", "eu-west", "eu-west-1 ", "EU-WEST-1", "eu-west-1/", "<!channel>", "eu-west-1.evil.example",
              "eu-west-1\n", "eu-west-１", "eu-west-123")  # fmt: skip
_SAFE = re.compile(r"[!-;=?-_a-{}~]+", re.ASCII)  # nothing that Slack's markup or an address cannot hold


@pytest.mark.parametrize(("region", "host"), CONSOLES.items())
def test_partitions(region: str, host: str) -> None:
    """Every link goes to the console of the region's partition."""
    links = (
        event_link(region, EVENT_ID),
        insights_link(region),
        log_file_link(LogFile("trail-bucket", KEY, region), "us-east-1"),
    )
    assert [urlsplit(str(address)).netloc for address in links] == [host] * 3


def test_event_link() -> None:
    """The event's link opens the event itself."""
    expected = "https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/" + EVENT_ID
    assert event_link("eu-west-1", EVENT_ID) == expected


def test_insights_link() -> None:
    """The Insight's link opens the region's Insights."""
    assert str(insights_link("eu-west-1")).endswith("/cloudtrailv2/home?region=eu-west-1#/insights")


def test_log_file_link() -> None:
    """The log file's link opens the object, in the bucket's region or else in the fallback."""
    link = log_file_link(LogFile("trail-bucket", "a b/ß&c=<d>.json.gz"), "eu-west-1")
    parts = urlsplit(str(link))
    assert parts.path == "/s3/object/trail-bucket"
    assert parse_qs(parts.query) == {"region": ["eu-west-1"], "prefix": ["a b/ß&c=<d>.json.gz"]}


@pytest.mark.parametrize("region", NO_REGIONS)
def test_no_region_no_link(region: str) -> None:
    """What is not a region makes no link: a record's region is a stranger's text."""
    assert event_link(region, EVENT_ID) is None
    assert insights_link(region) is None
    assert log_file_link(LogFile("trail-bucket", KEY), region) is None


@pytest.mark.parametrize("event_id", ["", "x", "a/b-c-d-e-f", "<!channel>", EVENT_ID + "|x", "x" * 65, "１" * 12])
def test_no_event_id_no_link(event_id: str) -> None:
    """What is not an event id makes no link."""
    assert event_link("eu-west-1", event_id) is None


@pytest.mark.parametrize("bucket", ["", "UPPER", "a/b", "a?b", "<!channel>", "-abc", "x" * 64])
def test_no_bucket_no_link(bucket: str) -> None:
    """What is not a bucket's name makes no link."""
    assert log_file_link(LogFile(bucket, KEY, "eu-west-1"), "") is None


def test_lone_surrogates() -> None:
    """A key with half a surrogate pair, which has no UTF-8, still makes a link."""
    assert log_file_link(LogFile("trail-bucket", "a\ud800.json.gz", "eu-west-1"), "")


@settings(deadline=None, max_examples=100)
@given(region=regions(), event_id=hostile_text(100), key=object_keys())
def test_any_text(region: str, event_id: str, key: str) -> None:
    """Whatever the texts, a link is short enough for Slack and holds nothing that could end it early."""
    links = (
        event_link(region, event_id),
        event_link(region, EVENT_ID),
        insights_link(region),
        log_file_link(LogFile("trail-bucket", key), region),
    )
    for link in filter(None, links):
        assert _SAFE.fullmatch(link)
        assert "|" not in link
        assert len(link) <= LONGEST_URL
