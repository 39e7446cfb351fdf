"""Running code in a fresh interpreter, with this project on its path and AWS made up."""

import os
import subprocess
import sys
from pathlib import Path

from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]


def run(code: str, *arguments: str, **environment: str) -> str:
    """Run `code` with `arguments` in a fresh interpreter; return what it printed."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    variables = {**AWS_ENVIRONMENT, "PATH": os.environ["PATH"], "PYTHONPATH": paths, **environment}
    ran = subprocess.run(  # noqa: S603 (our own interpreter and code)
        [sys.executable, "-c", code, *arguments], env=variables, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    return ran.stdout
