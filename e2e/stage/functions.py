"""Runs a deployed function in a fresh process that has nothing but what Lambda would give it."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
# The default first.
_RUNTIMES = ("python3.13", "python3.14", "python3.12", "python3.11")
# What Lambda's Python runtimes bring: boto3, and what it needs.
_RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


class NoPythonError(RuntimeError):
    """There is no Python on this machine that a layer can be built for and run with."""


@dataclass(frozen=True)
class Runtime:
    """A Lambda runtime that this machine can play: its name, architecture and interpreter."""

    name: str
    architecture: str
    python: str


def find_runtime() -> Runtime:
    """Find a Python that Lambda has a runtime for: on the PATH, or installed beside the one that runs this.

    Raises:
        NoPythonError: there is none; `E2E_PYTHON` can name one.
    """
    beside = sorted(Path(sys.base_prefix).parent.glob("*/bin/python3.1?"))
    for name in _RUNTIMES:
        candidates = [os.environ.get("E2E_PYTHON"), shutil.which(name), sys.executable]
        candidates += [str(path) for path in beside if path.name == name]
        for python in candidates:
            if python and _version_of(python) == name:
                return Runtime(name, _ARCHITECTURES[platform.machine().lower()], python)
    raise NoPythonError(f"the end-to-end tests need one of {', '.join(_RUNTIMES)}: install it, or set E2E_PYTHON")


def _version_of(python: str) -> str:
    code = "import sys; print('python%d.%d' % sys.version_info[:2])"
    ran = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    return ran.stdout.strip()


@dataclass(frozen=True)
class Result:
    """What an invocation came to. `answer` counts only where `failed` is false."""

    failed: bool
    answer: Any
    log: str


class Function:
    """A function's code and layers, unpacked as Lambda unpacks them."""

    def __init__(
        self, python: str, configuration: Mapping[str, Any], code: Path, layers: Sequence[Path], folder: Path
    ) -> None:
        self._python = python
        self._configuration = configuration
        self.task, self.layers, self._runtime = folder / "task", folder / "opt", folder / "runtime"
        for folder_of_ours in (self.task, self.layers, self._runtime):
            folder_of_ours.mkdir(parents=True)
        zipfile.ZipFile(code).extractall(self.task)
        for layer in layers:
            zipfile.ZipFile(layer).extractall(self.layers)
        for module in _RUNTIME_MODULES:
            spec = importlib.util.find_spec(module)
            assert spec is not None
            assert spec.origin is not None
            origin = Path(spec.origin)
            found = origin.parent if origin.name == "__init__.py" else origin
            (self._runtime / found.name).symlink_to(found)

    @property
    def config(self) -> dict[str, Any]:
        """The config.json that the function reads."""
        path = self._environment().get("CONFIG_PATH", str(self.task / "config.json"))
        config: dict[str, Any] = json.loads(Path(path).read_text())
        return config

    def invoke(self, event: Any, environment: Mapping[str, str]) -> Result:
        """Run the handler on an event in a fresh process, with this in its environment beside its own."""
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder, "answer.json")
            places = [self.task, self.layers, self._runtime, answer]
            ran = subprocess.run(  # noqa: S603 (the function under test)
                [self._python, "-I", "-S", str(_BOOTSTRAP), self._configuration["Handler"], *map(str, places)],
                input=json.dumps(event),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**self._environment(), **environment},
                text=True,
                check=False,
                timeout=120,
            )
            answered = json.loads(answer.read_text()) if answer.exists() else None
        return Result(ran.returncode != 0, answered, ran.stdout)

    def _environment(self) -> dict[str, str]:
        """What the function's configuration and Lambda itself put into its environment."""
        given: dict[str, str] = self._configuration.get("Environment", {}).get("Variables", {})
        # /opt of this machine is not ours to write to.
        moved = {name: value.replace("/opt/", f"{self.layers}/", 1) for name, value in given.items()
                 if name == "CONFIG_PATH"}  # fmt: skip
        return {
            **given,
            **moved,
            "AWS_LAMBDA_FUNCTION_NAME": self._configuration["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._configuration["MemorySize"]),
            "AWS_REGION": self._configuration["FunctionArn"].split(":")[3],
            "LAMBDA_TASK_ROOT": str(self.task),
            "PATH": "/usr/bin:/bin",
            "TZ": ":UTC",
        }
