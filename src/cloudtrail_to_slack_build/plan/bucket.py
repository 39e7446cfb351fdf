"""The program of Terraform's `data "external"` that asks S3 whether the log bucket exists, and in which region it is.

S3 answers that to any caller, so neither credentials nor a permission is needed, and nothing fails if there is no
answer. It reads `{"bucket": …, "endpoint": …}` from standard input and writes `{"status": …, "region": …}`: the
HTTP status, and the region where S3 names one; nothing where S3 could not be asked. It runs on any Python from 3.9 on.
"""

import json
import os
import sys
import urllib.error
import urllib.request

_SECONDS = 4  # a runner without a way to S3 must not wait for long


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """S3 redirects to the bucket's own region, which is what is asked for."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow no redirect."""


def probe(bucket: str, endpoint: str) -> "dict[str, str]":
    """Return `status` and `region` of a bucket, as S3 at `endpoint` (a web address) says; {} without an answer.

    Source: Amazon S3 API Reference, "HeadBucket": 301 or 403 with x-amz-bucket-region where the bucket exists.
    """
    try:
        request = urllib.request.Request(f"{endpoint.rstrip('/')}/{bucket}", method="HEAD")  # noqa: S310 (Terraform's)
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS) as response:
            status, headers = response.status, response.headers
    except urllib.error.HTTPError as error:
        status, headers = error.code, error.headers
    except (OSError, ValueError):
        return {}
    return {"status": str(status), "region": headers.get("x-amz-bucket-region") or ""}


def main() -> None:
    """Answer Terraform."""
    query = json.load(sys.stdin)
    # As the provider does it, so that a test reaches its own S3 and no other.
    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    json.dump(probe(query["bucket"], given or query["endpoint"]), sys.stdout)


if __name__ == "__main__":
    main()
