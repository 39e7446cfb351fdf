"""The layer of dependencies, built once for each requirements file, runtime and architecture."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from cloudtrail_to_slack_build.archives import LAYOUT, is_whole, write_whole, zip_bytes
from cloudtrail_to_slack_build.errors import BuildError
from cloudtrail_to_slack_build.wheels import fetch_packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloudtrail_to_slack_build.targets import Target

try:
    import fcntl
except ImportError:  # Windows: two builds at once do the work twice, and the same file comes of it
    fcntl = None  # type: ignore[assignment]

# Lambda unpacks layers in /opt, and /opt/python is on the path of its Python runtimes.
# No .pyc files: they differ between patch versions of Python, and the layer must not differ between machines.
_FOLDER = "python"


def build_layer(requirements: Path, target: Target, output_directory: Path) -> Path:
    """Return the path of the layer's zip, which is built unless it is there.

    The path says what is in it, so that it is the same wherever Terraform runs.

    Raises:
        BuildError: it cannot be built.
    """
    try:
        text = requirements.read_text(encoding="utf-8")
        output_directory.mkdir(parents=True, exist_ok=True)
        path = output_directory / file_name(text, target)
        if not is_whole(path):
            with _one_at_a_time(output_directory):
                if not is_whole(path):  # it may have been built while this one waited
                    _build(text, target, path)
    except OSError as error:
        raise BuildError(f"{error.filename or output_directory}: {error.strerror or error}") from error
    return path


def file_name(requirements: str, target: Target) -> str:
    """Return the name of a layer's zip, which differs where the layer would."""
    key = hashlib.sha256(f"{LAYOUT}\n{requirements}".encode()).hexdigest()[:16]
    return f"layer-{target.runtime}-{target.architecture}-{key}.zip"


def _build(requirements: str, target: Target, path: Path) -> None:
    files = fetch_packages(requirements, target)
    write_whole(path, zip_bytes({f"{_FOLDER}/{name}": content for name, content in files.items()}))


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep out every other build in this folder, of this process or another; a lock ends with its process."""
    handle = os.open(folder / ".lock", os.O_CREAT | os.O_WRONLY, 0o666)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
