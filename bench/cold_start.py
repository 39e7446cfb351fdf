"""Cold start: importing the handler, reading a configuration and making the first client, against boto3 alone."""

import json
import tempfile
from pathlib import Path

from bench import fresh

_RULES = 100
_ROUNDS = 11
_TIMED = "import time; start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"
_BOTO3 = "import boto3; boto3.client('s3')"
_OURS = """
import os
from cloudtrail_to_slack import app, handler
from cloudtrail_to_slack.config.settings import read_settings
app.Application(read_settings(os.environ)).clients.s3
"""


def ratio() -> float:
    """Return our time as a multiple of boto3's; the best of several fresh processes each, taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        rules = [
            f'event.get("eventName") == "Rare{number}" and event.get("awsRegion") != "eu-west-{number}"'
            for number in range(_RULES)
        ]
        topic = "arn:aws:sns:eu-west-1:111122223333:alerts"
        config.write_text(json.dumps({"rules": rules, "sns": {"default_topic_arn": topic}}))
        ours, boto3 = [], []
        for _ in range(_ROUNDS):
            boto3.append(float(fresh.run(_TIMED.format(_BOTO3))))
            ours.append(float(fresh.run(_TIMED.format(_OURS), CONFIG_PATH=str(config)).splitlines()[-1]))
    return min(ours) / min(boto3)
