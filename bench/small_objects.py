"""The warm handler on small log files, from a local S3 that answers after 20 ms: one file, and a batch of ten."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fresh import ROOT
from bench.records import log_file
from cloudtrail_to_slack.handler import lambda_handler
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT

FILES = 10
RECORDS = 5  # in each
_ROUNDS = 60
_KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/{}.json.gz"


@dataclass(frozen=True)
class SmallObjects:
    """What small log files take. `batch`: ten, as a multiple of the time of one; `cpu_milliseconds`: each of ten."""

    batch: float
    cpu_milliseconds: float


def measure() -> SmallObjects:
    """Measure both; the best of several rounds, taking turns."""
    content = log_file(RECORDS, matching=0)
    one, ten = _batch(1, len(content)), _batch(FILES, len(content))
    with _environment():
        _invoke(ten)  # makes the client
        alone, together, cpu = [], [], []
        for _ in range(_ROUNDS):
            alone.append(_invoke(one)[0])
            seconds, cpu_seconds = _invoke(ten)
            together.append(seconds)
            cpu.append(cpu_seconds)
    return SmallObjects(min(together) / min(alone), min(cpu) / FILES * 1000)


def _batch(files: int, size: int) -> dict[str, Any]:
    """Return what the queue hands to the function: a message for each file."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "eventSource": "aws:sqs",
                "body": json.dumps(
                    {
                        "Records": [
                            {
                                "eventSource": "aws:s3",
                                "eventName": "ObjectCreated:Put",
                                "awsRegion": "eu-west-1",
                                "s3": {
                                    "bucket": {"name": "trail-bucket"},
                                    "object": {"key": _KEY.format(number), "size": size},
                                },
                            }
                        ]
                    }
                ),
            }
            for number in range(files)
        ]
    }


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"sns": {"default_topic_arn": "arn:aws:sns:eu-west-1:111122223333:alerts"}}))
        with subprocess.Popen(  # noqa: S603 (our own code)
            [sys.executable, "-m", "bench.slow_s3", str(FILES), "0.02", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                port = server.stdout.readline().strip() if server.stdout else ""
                os.environ.update({**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})
                os.environ.update({"CONFIG_PATH": str(config), "LOG_LEVEL": "ERROR"})
                yield
            finally:
                server.terminate()
                os.environ.clear()
                os.environ.update(before)


def _invoke(batch: dict[str, Any]) -> tuple[float, float]:
    """Invoke the handler; return the seconds and the CPU seconds that it took."""
    output = io.StringIO()
    start, cpu_start = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(output):  # the metrics it writes
        answer = lambda_handler(batch, None)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    if (
        answer != {"batchItemFailures": []}
        or f'"RecordsIn":[{RECORDS * len(batch["Records"])}.0]' not in output.getvalue()
    ):
        raise RuntimeError(f"something failed, or not all was read: {answer}, {output.getvalue()}")
    return seconds, cpu_seconds
