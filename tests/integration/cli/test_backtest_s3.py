"""Backtests of log files in S3: listing, reading many at once, lists of keys, throttling, cost, interruption."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer
from support.command_line import cloudtrail_to_slack
from support.s3_proxy import S3Proxy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "trail"
DAYS = ("2026/10/01", "2026/10/02", "2026/11/03")
ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("eu-west-1", "us-east-1")


def log(number: int, records: int = 1) -> bytes:
    """Return a log file with alerts of its own."""
    event = make_event("DeleteTrail", source="cloudtrail", eventTime="2026-10-01T09:24:17Z")
    found = [{**event, "eventID": f"{number}-{each}"} for each in range(records)]
    return gzip.compress(json.dumps({"Records": found}).encode())


def key(account: str, region: str, day: str, prefix: str = "") -> str:
    """Return a key of CloudTrail's layout."""
    name = f"{account}_CloudTrail_{region}_{day.replace('/', '')}T0905Z_abcDEF.json.gz"
    return f"{prefix}AWSLogs/{account}/CloudTrail/{region}/{day}/{name}"


@pytest.fixture
def proxy(moto_server: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Proxy]:
    """S3, empty, through something that counts requests and may answer in S3's place."""
    moto_server.reset()
    with S3Proxy(moto_server.url) as proxy:
        for name, value in {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": proxy.url}.items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def s3(proxy: S3Proxy, moto_server: MotoServer) -> "S3Client":
    """A client, past what counts, of an S3 with an empty bucket."""
    del proxy
    found = boto3.client("s3", endpoint_url=moto_server.url)
    found.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return found


@pytest.fixture
def trail(s3: "S3Client") -> "S3Client":
    """A bucket with a log file for each account, region and day, a digest in each folder, and other objects."""
    number = 0
    for prefix in ("", "org/"):
        for account in ACCOUNTS:
            for region in REGIONS:
                for day in DAYS:
                    number += 1
                    found = key(account, region, day, prefix)
                    s3.put_object(Bucket=BUCKET, Key=found, Body=log(number), ContentEncoding="gzip")
                    s3.put_object(Bucket=BUCKET, Key=found.replace("CloudTrail", "CloudTrail-Digest"), Body=b"{}")
    s3.put_object(Bucket=BUCKET, Key="copies/a b+c é.json.gz", Body=log(1000))
    s3.put_object(Bucket=BUCKET, Key="copies/notes.txt", Body=b"x")
    return s3


def sources(*arguments: object) -> list[str]:
    """Return the names of the files with matched events."""
    ran = cloudtrail_to_slack("backtest", *arguments, "--format", "jsonl")
    assert ran.code == 0, ran.err
    return [json.loads(line)["source"].removeprefix(f"s3://{BUCKET}/") for line in ran.out.splitlines()]


@pytest.mark.long
@pytest.mark.usefixtures("trail")
def test_everything_under_an_address_is_read() -> None:
    """All log files under a bucket, a prefix, an account or a day are read, and digests and other objects are not."""
    everything = sources(f"s3://{BUCKET}")
    assert len(everything) == len(set(everything)) == 25
    assert "copies/a b+c é.json.gz" in everything
    assert not [each for each in everything if "Digest" in each]
    assert len(sources(f"s3://{BUCKET}/org/")) == 12
    assert len(sources(f"s3://{BUCKET}/AWSLogs/{ACCOUNTS[0]}/")) == 6
    assert len(sources(f"s3://{BUCKET}/AWSLogs/{ACCOUNTS[0]}/CloudTrail/eu-west-1/2026/10/01/")) == 1
    assert len(sources(f"s3://{BUCKET}/AWSLogs/{ACCOUNTS[0]}/CloudTrail/eu-west-1/2026/1")) == 3
    assert sources(f"s3://{BUCKET}/copies/a b+c é.json.gz") == ["copies/a b+c é.json.gz"]


@pytest.mark.usefixtures("trail")
def test_only_what_is_asked_for_is_listed(proxy: S3Proxy) -> None:
    """With days, accounts and regions no other prefix is listed, and no other object read."""
    found = sources(
        f"s3://{BUCKET}/AWSLogs/", "--from", "2026-10-02", "--to", "2026-10-03", "--account", ACCOUNTS[1],
        "--region", "eu-west-1,eu-west-2",
    )  # fmt: skip
    assert found == [key(ACCOUNTS[1], "eu-west-1", "2026/10/02")]
    region = f"AWSLogs/{ACCOUNTS[1]}/CloudTrail/eu-west-1/"
    account = f"AWSLogs/{ACCOUNTS[1]}/"
    days = [f"{region}2026/10/02/", f"{region}2026/10/03/"]
    assert sorted(proxy.listed) == sorted(["AWSLogs/", account, f"{account}CloudTrail/", *days])
    assert len(proxy.read) == 1
    ran = cloudtrail_to_slack("backtest", f"s3://{BUCKET}", "--to", "2026-10-01", "--format", "json")
    assert json.loads(ran.out)["files"] == 8
    assert "left out: 1 file, whose names do not state account, region and day" in ran.err


@pytest.mark.long
@pytest.mark.usefixtures("trail")
def test_the_same_days_are_chosen_on_disk(tmp_path: Path, trail: "S3Client") -> None:
    """A copy on disk, or in an archive, gives the records that S3 gives, with the same choice."""
    for each in trail.list_objects_v2(Bucket=BUCKET)["Contents"]:
        path = tmp_path / each["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(trail.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read())
    for choice in ([], ["--from", "2026-10-02"], ["--to", "2026-10-02", "--region", "us-east-1"]):
        on_disk = [Path(each).relative_to(tmp_path).as_posix() for each in sources(tmp_path, *choice)]
        assert sorted(on_disk) == sorted(sources(f"s3://{BUCKET}", *choice))


def test_many_requests_are_in_flight(s3: "S3Client", proxy: S3Proxy) -> None:
    """At least 32 objects are requested before the first is answered."""
    for number in range(60):
        s3.put_object(Bucket=BUCKET, Key=f"{number:02}.json.gz", Body=log(number))
    proxy.hold_until_in_flight = 32
    assert len(sources(f"s3://{BUCKET}")) == 60
    assert proxy.most_in_flight >= 32


@pytest.mark.long
def test_throttling_and_broken_connections_change_nothing(
    s3: "S3Client", proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers SlowDown, 500, or half of an object: the request is repeated, later each time."""
    waits: list[float] = []
    monkeypatch.setattr("cloudtrail_to_slack_cli.backtest.s3.client.time.sleep", waits.append)
    for number in range(20):
        s3.put_object(Bucket=BUCKET, Key=f"{number:02}.json.gz", Body=log(number))
    proxy.faults = {f"{number:02}.json.gz": ["slow", "error", "cut", "close"][: number % 5] for number in range(20)}
    assert len(sources(f"s3://{BUCKET}")) == 20
    assert not [each for each in proxy.faults.values() if each]
    assert len(waits) == sum(number % 5 for number in range(20))
    assert min(waits) > 0


@pytest.mark.long
def test_objects_that_cannot_be_read_are_reported(s3: "S3Client", proxy: S3Proxy) -> None:
    """Refused, missing, archived and damaged objects are named with the reason; the others count."""
    s3.put_object(Bucket=BUCKET, Key="good.json.gz", Body=log(1))
    s3.put_object(Bucket=BUCKET, Key="empty.json.gz", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="cut.json.gz", Body=log(2)[:-9])
    s3.put_object(Bucket=BUCKET, Key="cold.json.gz", Body=log(3), StorageClass="DEEP_ARCHIVE")
    s3.put_object(Bucket=BUCKET, Key="denied.json.gz", Body=log(4))
    proxy.faults = {"denied.json.gz": ["denied"]}
    ran = cloudtrail_to_slack("backtest", f"s3://{BUCKET}", "--format", "json")
    problems = {each["file"].rpartition("/")[2]: each["problem"] for each in json.loads(ran.out)["damaged"]}
    assert set(problems) == {"empty.json.gz", "cut.json.gz", "cold.json.gz", "denied.json.gz"}
    assert "must be restored first" in problems["cold.json.gz"]
    assert "s3:GetObject" in problems["denied.json.gz"]
    assert (BUCKET, "cold.json.gz") not in proxy.read
    missing = cloudtrail_to_slack("backtest", "s3://no-such-bucket/x")
    assert (missing.code, missing.err) == (2, "Error: there is no bucket no-such-bucket\n")


@pytest.mark.long
def test_a_large_object_is_read_in_parts(s3: "S3Client", proxy: S3Proxy) -> None:
    """An object larger than a request's part is read part by part; one that changes meanwhile is reported."""
    noise = [hashlib.sha512(str(number).encode()).hexdigest() for number in range(160_000)]
    event = make_event("DeleteTrail", source="cloudtrail")
    lines = [json.dumps({"eventName": "X", "eventID": each}) for each in noise]
    s3.put_object(Bucket=BUCKET, Key="x.jsonl", Body="\n".join([*lines, json.dumps(event)]).encode())
    ran = cloudtrail_to_slack("backtest", f"s3://{BUCKET}", "--format", "json")
    report = json.loads(ran.out)
    assert (report["records"], report["matched"], report["damaged"]) == (160_001, 1, [])
    assert len(proxy.read) == 4
    proxy.before = lambda number: number == 2 and s3.put_object(Bucket=BUCKET, Key="x.jsonl", Body=b"changed" * 9**7)
    proxy.read.clear()
    report = json.loads(cloudtrail_to_slack("backtest", f"s3://{BUCKET}", "--format", "json").out)
    assert [each["problem"] for each in report["damaged"]] == ["it changed while it was read"]


@pytest.mark.long
@pytest.mark.usefixtures("trail")
def test_cost_is_shown_before_it_is_spent(proxy: S3Proxy) -> None:
    """--dry-run lists and reads nothing; --max-requests refuses what takes more, listing included."""
    ran = cloudtrail_to_slack("backtest", f"s3://{BUCKET}/AWSLogs/", "--dry-run")
    assert ran.code == 0
    assert ran.out.startswith("12 files, ")
    lists = len(proxy.listed)
    assert f"requests to S3: {lists} LIST (sent) and 12 GET, $0.00" in ran.out
    assert proxy.read == []
    for most, problem in (
        (lists + 11, f"it takes {lists + 12} requests"),
        (3, "listing s3://trail/AWSLogs/ takes more"),
    ):
        ran = cloudtrail_to_slack("backtest", f"s3://{BUCKET}/AWSLogs/", "--max-requests", most)
        assert ran.code == 2
        assert problem in ran.err
    assert proxy.read == []
    assert cloudtrail_to_slack("backtest", f"s3://{BUCKET}/AWSLogs/", "--max-requests", lists + 12).code == 0


@pytest.mark.long
def test_diff_reads_the_same_sources(trail: "S3Client", proxy: S3Proxy, tmp_path: Path) -> None:
    """`diff` reads S3 with the options of `backtest`, counts each object twice, and goes on with --state."""
    del trail
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps({"events_to_track": "CreateTrail", "use_default_rules": False}))
    new.write_text(json.dumps({"events_to_track": "DeleteTrail", "use_default_rules": False}))
    chosen = (f"s3://{BUCKET}/AWSLogs", "--from", "2026-10-02", "--region", "us-east-1", "--account", ACCOUNTS[0])
    dry = cloudtrail_to_slack("diff", old, new, *chosen, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert "and 4 GET" in dry.out
    refused = cloudtrail_to_slack("diff", old, new, *chosen, "--max-requests", 4)
    assert refused.code == 2
    assert "more than --max-requests 4" in refused.err
    state = tmp_path / "state"
    ran = cloudtrail_to_slack("diff", old, new, *chosen, "--format", "json", "--state", state)
    assert json.loads(ran.out)["alerts"] == {"old": 0, "new": 2, "unchanged": 0}
    before = list(proxy.read)
    again = cloudtrail_to_slack("diff", old, new, *chosen, "--format", "json", "--state", state)
    assert again.out == ran.out
    assert proxy.read == before
    assert len(before) == 4
    wrong = cloudtrail_to_slack("diff", new, old, *chosen, "--state", state)
    assert wrong.code == 2
    assert "belongs to other rules" in wrong.err


@pytest.mark.long
def test_lists_of_keys_and_inventories(trail: "S3Client", tmp_path: Path) -> None:
    """A list on disk, on standard input, in S3 or gzipped, and an inventory in CSV, name the objects to read."""
    wanted = [key(ACCOUNTS[0], "eu-west-1", DAYS[0]), "copies/a b+c é.json.gz"]
    text = "\n".join(f"s3://{BUCKET}/{each}" for each in wanted) + "\n\n"
    path = tmp_path / "keys.txt"
    path.write_text(text, "utf-8")
    (tmp_path / "keys.gz").write_bytes(gzip.compress("\r\n".join(wanted).encode("utf-8-sig")))
    trail.put_object(Bucket=BUCKET, Key="lists/keys.txt", Body=text.encode())
    assert sources("--keys", path) == wanted
    assert sources("--keys", tmp_path / "keys.gz", f"s3://{BUCKET}") == wanted
    assert sources("--keys", f"s3://{BUCKET}/lists/keys.txt") == wanted
    assert sources("--keys", path, "--from", "2026-10-01") == wanted[:1]
    rows = [
        f'"{BUCKET}","{wanted[0]}","","true","false","123"',
        f'"{BUCKET}","copies/a+b%2Bc+%C3%A9.json.gz","","true","false","9"',
        f'"{BUCKET}","{wanted[0]}","old","false","false","9"', f'"{BUCKET}","gone.json.gz","","true","true",""',
        f'"{BUCKET}","copies/notes.txt","","true","false","1"', "",
    ]  # fmt: skip
    trail.put_object(Bucket=BUCKET, Key="inventory/data/1.csv.gz", Body=gzip.compress("\n".join(rows).encode()))
    manifest = {
        "sourceBucket": BUCKET, "destinationBucket": f"arn:aws:s3:::{BUCKET}", "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size",
        "files": [{"key": "inventory/data/1.csv.gz", "size": 1, "MD5checksum": "x"}],
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    trail.put_object(Bucket=BUCKET, Key="inventory/manifest.json", Body=json.dumps(manifest).encode())
    assert sources("--keys", tmp_path / "manifest.json") == wanted
    assert sources("--keys", f"s3://{BUCKET}/inventory/manifest.json") == wanted
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "fileFormat": "Parquet"}))
    ran = cloudtrail_to_slack("backtest", "--keys", tmp_path / "manifest.json")
    assert (ran.code, "configure it to use CSV" in ran.err) == (3, True)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    for damaged in ('"a.json"\n', f'{rows[0]},"more"\n', f'"{"x" * 200_000}"\n', rows[0].replace("123", "²")):
        trail.put_object(Bucket=BUCKET, Key="inventory/data/1.csv.gz", Body=gzip.compress(damaged.encode()))
        ran = cloudtrail_to_slack("backtest", "--keys", tmp_path / "manifest.json")
        assert (ran.code, ran.err.strip().endswith(f"the columns that {tmp_path}/manifest.json names")) == (3, True)
    path.write_text("a.json\n")
    assert "is a key without its bucket" in cloudtrail_to_slack("backtest", "--keys", path).err


@pytest.mark.long
def test_processes_read_s3_alike(s3: "S3Client") -> None:
    """With one process and with two, the same bytes are printed, whatever order the answers come in."""
    for number in range(600):
        s3.put_object(Bucket=BUCKET, Key=f"{number % 7}/{number:03}.json.gz", Body=log(number))
    one, two = (
        cloudtrail_to_slack("backtest", f"s3://{BUCKET}", "--format", "jsonl", "--processes", each) for each in (1, 2)
    )
    assert one == two
    assert len(one.out.splitlines()) == 600


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("s3://",), "is not an S3 address"),
        (("s3:///key",), "is not an S3 address"),
        (("x", "--from", "yesterday"), "write a day as YYYY-MM-DD"),
        (("x", "--from", "2026-02-30"), "write a day as YYYY-MM-DD"),
        (("x", "--from", "2026-10-02", "--to", "2026-10-01"), "is after"),
        (("x", "--account", "12"), "12 digits"),
        (("x", "--region", "Europe"), "is not a region name"),
        ((), "nothing to read"),
    ],
)
def test_wrong_choices_are_explained(arguments: tuple[str, ...], problem: str) -> None:
    """What cannot be meant is refused before anything is read."""
    ran = cloudtrail_to_slack("backtest", *arguments)
    assert ran.code == 2
    assert problem in ran.err
