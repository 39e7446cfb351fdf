"""Requests to S3: many small GETs at little CPU time, with retries.

A `get_object` of boto3 takes twice the CPU time of the request that is signed and sent here, by botocore's own parts,
and most log files are so small that this is what a backtest waits for.
"""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack_cli.aws_session import NO_CREDENTIALS, no_aws, open_session
from cloudtrail_to_slack_cli.backtest.log_file import Address
from cloudtrail_to_slack_cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 64
_ATTEMPTS = 8
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 10.0  # seconds
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_TIMEOUT: Any = (10, 60)  # seconds to connect, and to read; its types know one number alone
_OK, _PARTIAL, _EMPTY = 200, 206, 416
_TRANSIENT_CODES = frozenset({"RequestTimeout", "SlowDown", "RequestTimeTooSkewed", "ExpiredToken"})

# Source: Amazon S3 API Reference, "REST error responses".
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z0-9.]+)</Code>")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an object: its bytes, the size of the whole in bytes, and its ETag."""

    content: bytes
    size: int
    etag: str


class S3Requests:
    """Sends requests to S3, from many threads, in the process that made it.

    `profile` is the profile of the AWS command line, None the default one.
    """

    def __init__(self, profile: str | None = None) -> None:
        self._session = open_session(profile)
        self._clients: dict[str, S3Client] = {}
        self._ways: dict[str, _Way] = {}

    def client(self, bucket: str) -> "S3Client":
        """Return a client for the region of a bucket.

        Raises:
            CommandError: there are no credentials, no such bucket, or it may not be read.
        """
        if bucket not in self._clients:
            try:
                self._clients[bucket] = self._client(bucket)
            except ClientError as error:
                raise CommandError(f"s3://{bucket} cannot be read: {error}") from None
            except BotoCoreError as error:
                raise no_aws(error) from None
        return self._clients[bucket]

    def get(self, address: Address, first: int, size: int, etag: str = "") -> Piece:
        """Return up to `size` bytes of an object from byte `first`, of the version that has this ETag.

        Raises:
            LogFileError: S3 refuses it, or cannot be reached.
        """
        if address.bucket not in self._ways:
            self._ways[address.bucket] = _Way(self._session, self.client(address.bucket), address.bucket)
        way = self._ways[address.bucket]
        headers = {"Range": f"bytes={first}-{first + size - 1}"}
        if etag:
            headers["If-Match"] = etag
        url = way.base + quote(address.key, safe="/~")
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0.5, 1) * min(_FIRST_DELAY * 2**attempt, _LONGEST_DELAY))  # noqa: S311 (jitter)
            try:
                answer = way.send(url, headers)
            except (BotoCoreError, HTTPError, OSError) as error:
                problem = f"S3 cannot be reached ({type(error).__name__})"
                continue
            if answer.status_code in (_OK, _PARTIAL):
                piece = _piece(answer, first)
                if piece:
                    return piece
                problem = "S3 sent less than it announced"
                continue
            if answer.status_code == _EMPTY:
                return Piece(b"", first, etag)
            named = _ERROR_CODE.search(answer.content)
            code = named[1].decode() if named else f"HTTP {answer.status_code}"
            problem = f"S3 answers {code}"
            if answer.status_code not in _TRANSIENT and code not in _TRANSIENT_CODES:
                break
        raise LogFileError(_explained(problem))

    def _client(self, bucket: str) -> "S3Client":
        if self._session.get_credentials() is None:
            raise CommandError(NO_CREDENTIALS)
        settings = Config(
            max_pool_connections=CONNECTIONS, retries={"max_attempts": _ATTEMPTS, "mode": "standard"},
            connect_timeout=10, read_timeout=60,
        )  # fmt: skip
        client = self._session.client("s3", config=settings, region_name=self._session.region_name or "us-east-1")
        if bucket.startswith("arn:"):
            return client
        try:
            region = client.head_bucket(Bucket=bucket).get("BucketRegion", "")
        except ClientError as error:
            headers: Mapping[str, str] = error.response["ResponseMetadata"].get("HTTPHeaders", {})
            region = headers.get("x-amz-bucket-region", "")
            if error.response["ResponseMetadata"].get("HTTPStatusCode") == 404:  # noqa: PLR2004 (HTTP's)
                raise CommandError(f"there is no bucket {bucket}") from None
        if region and region != client.meta.region_name:
            client = self._session.client("s3", config=settings, region_name=region)
        return client


class _Way:
    """How to send requests to one bucket: where to, and signed by whom."""

    def __init__(self, session: boto3.Session, client: "S3Client", bucket: str) -> None:
        endpoint = client.meta.endpoint_url
        verify: Any = client._endpoint.http_session._verify  # type: ignore[attr-defined]  # noqa: SLF001 (what AWS_CA_BUNDLE or the configuration says)
        self._http = URLLib3Session(
            verify=verify, max_pool_connections=CONNECTIONS, timeout=_TIMEOUT, proxies=get_environ_proxies(endpoint)
        )
        self._credentials = session.get_credentials()
        self._region = client.meta.region_name
        unsigned = session.client(
            "s3", region_name=self._region, endpoint_url=endpoint if "amazonaws" not in endpoint else None,
            config=Config(signature_version=UNSIGNED),
        )  # fmt: skip
        url = unsigned.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        self.base = url.partition("?")[0].removesuffix("k")

    def send(self, url: str, headers: Mapping[str, str]) -> Any:  # noqa: ANN401 (botocore has no types)
        """Send a signed GET."""
        request = AWSRequest("GET", url, headers=dict(headers))
        if self._credentials is not None:
            S3SigV4Auth(self._credentials.get_frozen_credentials(), "s3", self._region).add_auth(request)
        answer = self._http.send(request.prepare())
        answer.content  # noqa: B018 (it is read here, where errors are expected)
        return answer


def _piece(answer: Any, first: int) -> Piece | None:  # noqa: ANN401 (as above)
    """Return what S3 sent; None where that is not all it announced."""
    content: bytes = answer.content
    headers = answer.headers
    if len(content) != int(headers.get("Content-Length", len(content))):
        return None
    if answer.status_code == _OK:  # the range was ignored: it is the whole object
        return Piece(content[first:], len(content), headers.get("ETag", ""))
    size = headers.get("Content-Range", "").rpartition("/")[2]
    return Piece(content, int(size) if size.isdigit() else first + len(content), headers.get("ETag", ""))


def _explained(problem: str) -> str:
    if "AccessDenied" in problem:
        return f"{problem}: it takes s3:GetObject, and kms:Decrypt where the bucket is encrypted with a key of KMS"
    if "InvalidObjectState" in problem:
        return f"{problem}: it is archived, and must be restored first"
    if "PreconditionFailed" in problem:
        return "it changed while it was read"
    return problem
