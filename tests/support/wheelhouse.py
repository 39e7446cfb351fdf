"""A folder of wheels made on the spot, a pip that knows no other, and the layer builder run as Terraform runs it."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LAYER_PROGRAM = Path(__file__).resolve().parents[2] / "src" / "cloudtrail_to_slack_build" / "layer.py"


@dataclass
class Wheelhouse:
    """Wheels in a folder, and the requirements that pin them."""

    folder: Path
    pins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    def add(
        self, name: str, *, tag: str = "py3-none-any", marker: str = "", files: dict[str, str] | None = None
    ) -> str:
        """Make a wheel of version 1.0 and pin it; return its hash."""
        path = self.folder / f"{name}-1.0-{tag}.whl"
        metadata = {
            f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{name}-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{name}-1.0.dist-info/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as wheel:
            for member, content in {**(files or {f"{name}.py": f"TAG = {tag!r}\n"}), **metadata}.items():
                wheel.writestr(member, content)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.pins.append(f"{name}==1.0{f' ; {marker}' if marker else ''} --hash=sha256:{digest}")
        return digest

    def requirements(self) -> Path:
        """Write the requirements file and return its path."""
        path = self.folder.parent / "requirements.txt"
        path.write_text("\n".join(self.pins) + "\n")
        return path

    def environment(self) -> dict[str, str]:
        """Return an environment in which pip looks nowhere else."""
        return {**bare_environment(), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder)}


@dataclass(frozen=True)
class Ran:
    """What a run of the layer builder came to."""

    status: int
    output: str
    error: str
    zip: Path


def bare_environment() -> dict[str, str]:
    """Return this process's environment with nothing of pip's in it, and no configuration of pip's either."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}


def request(
    requirements: Path, output: Path, *, runtime: str = "python3.13", architecture: str = "arm64"
) -> dict[str, str]:
    """Return a request for a layer of dependencies, as Terraform makes it; `output` is the zip."""
    return {
        "build": "dependencies",
        "requirements": str(requirements),
        "runtime": runtime,
        "architecture": architecture,
        "output": str(output),
    }


def start(text: str, *, environment: dict[str, str], python: str = sys.executable) -> "subprocess.Popen[str]":
    """Start the layer builder on a request, with pipes from it."""
    return subprocess.Popen(  # noqa: S603 (our own program)
        [python, "-W", "error", str(LAYER_PROGRAM)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, "BUILD": text},
        text=True,
    )


def finish(process: "subprocess.Popen[str]", zipped: Path = Path()) -> Ran:
    """Wait for a run that was started."""
    output, error = process.communicate(timeout=120)
    return Ran(process.returncode, output, error, zipped)


def build(request: dict[str, Any], environment: dict[str, str], *, python: str = sys.executable) -> Ran:
    """Run the layer builder on a request."""
    return finish(start(json.dumps(request), environment=environment, python=python), Path(request["output"]))
