"""The content of the function's layers; each file is built once."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from cloudtrail_to_slack_build.archives import is_whole, write_whole, zip_bytes
from cloudtrail_to_slack_build.targets import BuildError, Target
from cloudtrail_to_slack_build.wheels import fetch_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


try:
    import fcntl
except ImportError:  # Windows: two builds at once do the work twice, and the same file comes of it
    fcntl = None  # type: ignore[assignment]

# Lambda unpacks layers in /opt, and /opt/python is on the path of its Python runtimes.
# No .pyc files: they differ between patch versions of Python, and a layer must not differ between machines.
FOLDER = "python"


def build_once(path: Path, build: Callable[[], bytes]) -> None:
    """Write what `build` returns, a zip, to `path`, unless a whole zip is there.

    Raises:
        BuildError: it cannot be built or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not is_whole(path):
            with _one_at_a_time(path.parent):
                if not is_whole(path):  # it may have been built while this one waited
                    write_whole(path, build())
    except OSError as error:
        raise BuildError(f"{error.filename or path}: {error.strerror or error}") from error


def dependencies_layer(requirements: Path, target: Target) -> bytes:
    """Return the layer of what a requirements file pins, as a zip.

    Raises:
        BuildError: a package cannot be had.
        OSError: the file cannot be read.
    """
    return layer_of(fetch_packages(requirements.read_text(encoding="utf-8"), target))


def code_layer(source: Path, files: Iterable[str]) -> bytes:
    """Return the layer of the function's own code, as a zip: `files`, paths below the package's folder `source`.

    Raises:
        OSError: a file cannot be read.
    """
    return layer_of({f"{source.name}/{name}": (source / name).read_bytes() for name in files})


def layer_of(files: dict[str, bytes]) -> bytes:
    """Return a layer as a zip: files by their paths below a folder on `sys.path`."""
    return zip_bytes({f"{FOLDER}/{name}": content for name, content in files.items()})


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
