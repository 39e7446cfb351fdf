"""The peak memory of a whole process that reads an object of 600 MB of JSON."""

import gzip
import json
import tempfile
from pathlib import Path

from bench import fresh
from bench.records import records

MEGABYTES = 600  # of JSON
_BLOCK = 5000
_CODE = """
import pathlib, re, sys
from cloudtrail_to_slack import handler
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.ingest.payloads import LogFile, Notification
from cloudtrail_to_slack.alerts.own_role import OwnRoles
from cloudtrail_to_slack.pipeline import Pipeline
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.packs import default_rules
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import invocation_clock
from bench.ways import NoDelivery

class S3:
    def __init__(self, _seconds):
        pass

    def get_object(self, **_):
        return {"Body": open(sys.argv[1], "rb")}

AwsClients().s3()
prefilter = Prefilter(RuleSet(default_rules("f"), []))
pipeline = Pipeline(
    Config(), prefilter, S3, NoDelivery(), invocation_clock(None), own_roles=OwnRoles(()),
    send_self_reports=lambda *_: None,
)
report = pipeline.run([Notification((LogFile("bucket", "x.json.gz"),))])
assert not report.failures, report.failures
assert report.counts["matched"] >= report.counts["records_in"] // 400 > 0, report.counts
# ru_maxrss would be that of the process that started this one, where that is larger.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) / 1024)
"""


def peak_megabytes(size: int = MEGABYTES) -> float:
    """Return the peak resident memory in MB, on Linux, of a process that reads a log file of `size` MB of JSON."""
    block = ",".join(json.dumps(record, separators=(",", ":")) for record in records(_BLOCK)).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json.gz"
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(b'{"Records":[' + block)
            for _ in range(size * 1_000_000 // len(block)):
                file.write(b"," + block)
            file.write(b"]}")
        return float(fresh.run(_CODE, str(path)))
