"""The demo's environment variables: what a deployment sets, and nothing that could lead out of this machine."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cloudtrail_to_slack.config.settings import VARIABLES
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT

_PREFIXES = ("AWS_", "POWERTOOLS_", "SLACK_")


@contextmanager
def demo_environment(folder: Path) -> Iterator[None]:
    """Take away what the user's own set-up says about AWS, Slack and proxies, and put everything back at the end.

    Args:
        folder: For temporary files; the user's AWS profiles are looked for there too, and not found.
    """
    before = dict(os.environ)
    for name in before:
        # slack_sdk sends even what is for this machine through a proxy, if one is named.
        if name.startswith(_PREFIXES) or name in VARIABLES or name.lower().endswith("_proxy"):
            del os.environ[name]
    files = {"AWS_CONFIG_FILE": "aws-config", "AWS_SHARED_CREDENTIALS_FILE": "aws-credentials"}
    set_variables({**AWS_ENVIRONMENT, **{name: str(folder / file) for name, file in files.items()}})
    set_variables({"TMPDIR": str(folder)})  # so that what a process that is ended leaves there goes with the folder
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def set_variables(variables: Mapping[str, str]) -> None:
    """Set environment variables."""
    os.environ.update(variables)
