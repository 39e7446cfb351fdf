"""The warm handler on an object from a local moto server, against the path alone."""

import contextlib
import io
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3

from bench import ways
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.handler import lambda_handler
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.packs import default_rules
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer

_KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz"
_EVENT: dict[str, Any] = {
    "Records": [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "awsRegion": "eu-west-1",
            "s3": {"bucket": {"name": "trail-bucket"}, "object": {"key": _KEY}},
        }
    ]
}
_ROUNDS = 9


def ratio(content: bytes) -> float:
    """Return the path's time as a share of the handler's; the best of several, taking turns."""
    before = dict(os.environ)
    with MotoServer() as moto, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"sns": {"default_topic_arn": "arn:aws:sns:eu-west-1:111122223333:alerts"}}))
        os.environ.update({**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": moto.url, "CONFIG_PATH": str(config)})
        os.environ["LOG_LEVEL"] = "ERROR"
        try:
            _put(content)
            prefilter = Prefilter(RuleSet(default_rules(None), []))
            handler_times, path_times = [], []
            for _ in range(_ROUNDS):
                handler_times.append(_timed_handler())
                start = time.perf_counter()
                ways.path(content, prefilter)
                path_times.append(time.perf_counter() - start)
        finally:
            os.environ.clear()
            os.environ.update(before)
    return min(path_times) / min(handler_times)


def _put(content: bytes) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="trail-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="trail-bucket", Key=_KEY, Body=content)


def _timed_handler() -> float:
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # the metrics it writes
        counts = lambda_handler(_EVENT, None)
    elapsed = time.perf_counter() - start
    if counts["records_in"] != counts["unmatched"] or not counts["records_in"]:
        raise RuntimeError(f"something matched, or nothing was read: {counts}")
    return elapsed
