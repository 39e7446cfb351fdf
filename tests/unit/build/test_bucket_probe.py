"""What Terraform finds out about the log bucket when it plans."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cloudtrail_to_slack_build.plan.bucket import probe
from cloudtrail_to_slack_dev.moto_server import MotoServer

_PROGRAM = Path(__file__).resolve().parents[3] / "src/cloudtrail_to_slack_build/plan/bucket.py"


class _S3(BaseHTTPRequestHandler):
    """S3's answers to a request without credentials, by bucket."""

    answers: Mapping[str, tuple[int, dict[str, str]]] = {
        "/here": (403, {"x-amz-bucket-region": "eu-west-1"}),
        "/elsewhere": (301, {"x-amz-bucket-region": "us-east-1", "Location": "https://nowhere.invalid/"}),
        "/missing": (404, {}),
        "/public": (200, {"x-amz-bucket-region": "eu-west-1"}),
    }

    def do_HEAD(self) -> None:
        """Answer."""
        status, headers = self.answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of a server that answers as S3 does."""
    server = HTTPServer(("127.0.0.1", 0), _S3)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("bucket", "found"),
    [
        ("here", {"status": "403", "region": "eu-west-1"}),
        ("elsewhere", {"status": "301", "region": "us-east-1"}),
        ("missing", {"status": "404", "region": ""}),
        ("public", {"status": "200", "region": "eu-west-1"}),
    ],
)
def test_what_s3_says_is_found_out(s3: str, bucket: str, found: dict[str, str]) -> None:
    """Whether a bucket exists and where, without following the redirect to another region."""
    assert probe(bucket, s3) == found


def test_without_an_answer_nothing_is_found_out() -> None:
    """No connection and no address is not an error."""
    assert probe("here", "http://127.0.0.1:1") == {}
    assert probe("here", "nonsense") == {}


def test_the_program_answers_terraform() -> None:
    """Run as Terraform runs it, it reads the query, asks the S3 that the environment names, and writes strings."""
    with MotoServer("moto.server") as server:
        query = json.dumps({"bucket": "missing", "endpoint": "https://nowhere.invalid"})
        environment = {**os.environ, "AWS_ENDPOINT_URL": server.url}
        done = subprocess.run(  # noqa: S603 (the program itself)
            [sys.executable, _PROGRAM], input=query, env=environment, capture_output=True, text=True, check=True
        )
    assert json.loads(done.stdout) == {"status": "404", "region": ""}
