"""A local S3 that answers each GET of an object after a while: `python -m bench.slow_s3 OBJECTS SECONDS [MATCHING]`.

It has one bucket, `trail`, with so many log files of five records each, and prints its port. A share of MATCHING of
the records matches.
"""

import asyncio
import re
import sys
from functools import partial

from bench.records import log_file

RECORDS = 5
_PER_PAGE = 1000
_RANGE_OF_ALL = b"Content-Range: bytes 0-%d/%d\r\n"


class _Connection(asyncio.Protocol):
    def __init__(self, objects: int, seconds: float, body: bytes) -> None:
        self._objects, self._seconds, self._body = objects, seconds, body
        self._waiting = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head, self._waiting = self._waiting[:end], self._waiting[end + 4 :]
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
            if method == b"HEAD":
                self._send(b"200 OK", b"", b"x-amz-bucket-region: us-east-1\r\n")
            elif b"list-type=2" in target:
                self._send(b"200 OK", self._page(target))
            else:
                size = len(self._body)
                more = _RANGE_OF_ALL % (size - 1, size)
                asyncio.get_running_loop().call_later(
                    self._seconds, self._send, b"206 Partial Content", self._body, more
                )

    def _page(self, target: bytes) -> bytes:
        found = re.search(rb"continuation-token=(\d+)", target)
        start = int(found[1]) if found else 0
        end = min(start + _PER_PAGE, self._objects)
        size = len(self._body)
        contents = b"".join(
            b"<Contents><Key>%07d.json.gz</Key><Size>%d</Size></Contents>" % (number, size)
            for number in range(start, end)
        )
        more = b"<NextContinuationToken>%d</NextContinuationToken>" % end if end < self._objects else b""
        is_truncated = b"true" if more else b"false"
        return b"<ListBucketResult><IsTruncated>%s</IsTruncated>%s%s</ListBucketResult>" % (
            is_truncated,
            contents,
            more,
        )

    def _send(self, status: bytes, body: bytes, more: bytes = b"") -> None:
        if self._transport is not None:
            head = b'HTTP/1.1 %s\r\nETag: "a"\r\n%sContent-Length: %d\r\n\r\n' % (status, more, len(body))
            self._transport.write(head + body)


async def _serve(objects: int, seconds: float, matching: float = 0.2) -> None:
    make = partial(_Connection, objects, seconds, log_file(RECORDS, matching=matching))
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), *map(float, sys.argv[2:])))
