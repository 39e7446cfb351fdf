"""A local S3 that answers every GET with the same object, after 20 ms: `python -m bench.slow_s3 FILE`.

It runs in a process of its own and, where there is another core, beside the core that is measured. Prints its port.
"""

import asyncio
import hashlib
import os
import sys
from functools import partial
from pathlib import Path

SECONDS = 0.02


async def _serve(content: bytes) -> None:
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    head = f'HTTP/1.1 200 OK\r\nETag: "{etag}"\r\nContent-Length: {len(content)}\r\n\r\n'
    server = await asyncio.start_server(partial(_answer, head.encode() + content), "127.0.0.1", 0, backlog=100)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


async def _answer(answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(SECONDS)
            writer.write(answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    asyncio.run(_serve(Path(sys.argv[1]).read_bytes()))
