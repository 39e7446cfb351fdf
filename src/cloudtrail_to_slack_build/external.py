"""Speaks with Terraform's `data "external"`: a query in, an answer out, both JSON objects of strings.

The query has `requirements` (a file), `runtime`, `architecture` and `output_directory`; the answer `path` (of the zip),
`sha256` and `sha256_base64` (its digest as Lambda writes it). A failure is one message, and status 1.
"""

from __future__ import annotations

import base64
import json
import signal
import sys
from pathlib import Path
from typing import IO, NoReturn

from cloudtrail_to_slack_build.archives import sha256
from cloudtrail_to_slack_build.errors import WAYS_OUT, BuildError
from cloudtrail_to_slack_build.layers import build_layer
from cloudtrail_to_slack_build.targets import read_target

_KEYS = ("requirements", "runtime", "architecture", "output_directory")


def main(query: IO[str], answer: IO[str], errors: IO[str]) -> int:
    """Answer a query; return the exit status."""
    # Terraform's way of stopping a program: leave as an error does, so that nothing half made stays behind.
    signal.signal(signal.SIGTERM, _stop)
    try:
        answer.write(json.dumps(_build(query.read())))
    except BuildError as error:
        errors.write(f"The layer of dependencies cannot be built: {error}\n\n{WAYS_OUT}\n")
        return 1
    return 0


def _build(text: str) -> dict[str, str]:
    requirements, runtime, architecture, output_directory = _read_query(text)
    path = build_layer(Path(requirements), read_target(runtime, architecture), Path(output_directory))
    digest = sha256(path)
    return {"path": path.as_posix(), "sha256": digest.hex(), "sha256_base64": base64.b64encode(digest).decode()}


def _read_query(text: str) -> list[str]:
    try:
        query = json.loads(text)
        return [str(query[key]) for key in _KEYS]
    except (ValueError, KeyError, TypeError):
        raise BuildError(f"the query must be a JSON object with {', '.join(_KEYS)}") from None


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit("stopped")
