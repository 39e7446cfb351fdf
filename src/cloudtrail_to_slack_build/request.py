"""Builds what Terraform asks for when it applies: one zip, at the path it names.

The request is a JSON object. `build` is "code" (with `source`, a folder, and `files`, paths in it) or "dependencies"
(with `requirements`, a file, `runtime` and `architecture`); `output` is the path of the zip. A zip that is there and
whole is left as it is, because its path says what is in it. A failure is one message, and status 1.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from cloudtrail_to_slack_build.layers import build_once, code_layer, dependencies_layer
from cloudtrail_to_slack_build.targets import BuildError, read_target

if TYPE_CHECKING:
    from collections.abc import Callable

# Ends every error: there is always a way that needs no build.
_WAYS_OUT = (
    "To build nothing here, set lambda_package to a zip that is ready (of a release, or made with `make package`). To "
    "build only the code, which needs no pip, set dependencies_layer_arn to the ARN of a layer."
)


def main(request: str, errors: IO[str]) -> int:
    """Build what a request asks for; return the exit status."""
    # Terraform's way of stopping a program: leave as an error does, so that nothing half made stays behind.
    signal.signal(signal.SIGTERM, _stop)
    try:
        output, build = _read(request)
        build_once(output, build)
    except BuildError as error:
        errors.write(f"A package of the function cannot be built: {error}\n\n{_WAYS_OUT}\n")
        return 1
    return 0


def _read(request: str) -> tuple[Path, Callable[[], bytes]]:
    """Return where the zip goes and what builds it."""
    try:
        asked: dict[str, Any] = json.loads(request)
        kind, output = asked["build"], Path(asked["output"])
        if kind == "code":
            source, files = Path(asked["source"]), [str(name) for name in asked["files"]]
            return output, lambda: code_layer(source, files)
        if kind == "dependencies":
            requirements, target = Path(asked["requirements"]), read_target(asked["runtime"], asked["architecture"])
            return output, lambda: dependencies_layer(requirements, target)
    except (ValueError, KeyError, TypeError):
        raise BuildError(f"the request must be a JSON object as {Path(__file__).name} describes it") from None
    raise BuildError(f'`build` must be "code" or "dependencies", not {kind!r}')


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit("stopped")
