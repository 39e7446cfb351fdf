"""Compile the files of a package for a runtime, if there is a Python of the same version.

Lambda cannot keep compiled files, so without them every cold start compiles all it imports. They never look at their
sources: in Lambda these do not change. This file is also the program that the other Python runs.
"""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_PRINT_VERSION = "import sys; print('python%d.%d' % sys.version_info[:2], sys.implementation.name)"


def find_python(runtime: str) -> str | None:
    """Return a Python of the runtime's version: this one, or one on the PATH under its usual name."""
    candidates = [sys.executable, shutil.which(runtime)]
    return next((python for python in candidates if python and _version_of(python) == f"{runtime} cpython"), None)


def compiled(files: dict[str, bytes], python: str, folder: str) -> dict[str, bytes]:
    """Return the compiled files that belong beside `files`, which will lie in `folder`, by their paths.

    Raises:
        subprocess.CalledProcessError: that Python did not do it.
    """
    sources = sorted(name for name in files if name.endswith(".py"))
    with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as work:
        for name in sources:
            path = Path(work, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        ran = subprocess.run(  # noqa: S603 (a Python that said which it is, and this file)
            [python, "-S", "-s", __file__, work, folder],
            input=json.dumps(sources),
            stdout=subprocess.PIPE,
            # The order of a set of constants depends on this seed, and the bytes on that order.
            env={**os.environ, "PYTHONHASHSEED": "0"},
            encoding="utf-8",
            check=True,
        )
        names: list[str] = json.loads(ran.stdout)
        return {name: Path(work, name).read_bytes() for name in names}


def _version_of(python: str) -> str:
    ran = subprocess.run([python, "-c", _PRINT_VERSION], capture_output=True, encoding="utf-8", check=False)  # noqa: S603
    return ran.stdout.strip()


def _compile_all(work: str, folder: str) -> None:
    """Compile the files that standard input names; print the results. What this Python cannot read stays as it is."""
    done = []
    for name in json.load(sys.stdin):
        compiled_name = importlib.util.cache_from_source(name)
        try:
            py_compile.compile(
                str(Path(work, name)),
                cfile=str(Path(work, compiled_name)),
                dfile=f"{folder}/{name}",
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError:
            continue
        done.append(compiled_name)
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    _compile_all(*sys.argv[1:])
