"""A runner that has no Python at all, and the package of a release, which is what the documentation recommends."""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack_build.archives import zip_bytes
from stage.cloud import ACCOUNT, Cloud
from stage.layers import config, content
from stage.terraform import Deployment, TerraformError

pytest_plugins = ["stage.fixtures"]

_BUCKET = "trail-logs"
_CALL = """
provider "aws" {{
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}}

module "alerts" {{
  source = "../module"

{arguments}
}}
"""
_ARGUMENTS: dict[str, Any] = {
    "cloudtrail_logs_s3_bucket_name": _BUCKET,
    "default_sns_topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts",
    "restart_logging": True,
    "slack_bot_token_ssm_parameter": "/slack/token",
    "default_slack_channel_id": "C0123456789",
}
_UNCHECKED = "The rules are not checked: there is no python3 where Terraform runs."


def _programs(folder: Path) -> str:
    """Return a PATH with every program that there is but Python, pip and their like."""
    folder.mkdir()
    for path in os.environ["PATH"].split(os.pathsep):
        for program in Path(path).glob("*"):
            if not re.match(r"py|pip|uv|idle|2to3|conda", program.name) and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


@pytest.fixture
def deployment(cloud: Cloud, tmp_path: Path) -> Deployment:
    """A configuration that is planned and applied where no Python can be found."""
    cloud.make_bucket(_BUCKET, ACCOUNT)
    deployment = Deployment.calling(tmp_path / "work", cloud.environment, "")
    deployment.environment = {**cloud.environment, "PATH": _programs(tmp_path / "programs")}
    assert not shutil.which("python3", path=deployment.environment["PATH"])
    return deployment


def _set(deployment: Deployment, **arguments: Any) -> None:
    lines = (f"  {name} = {json.dumps(value)}" for name, value in (_ARGUMENTS | arguments).items())
    deployment.write(_CALL.format(arguments="\n".join(lines)))


def _package(deployment: Deployment) -> dict[str, str]:
    """Make a zip as a release has it, and return the arguments for it."""
    package = deployment.folder / "cloudtrail-to-slack.zip"
    package.write_bytes(zip_bytes({"python/cloudtrail_to_slack/handler.py": b""}))
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    return {"lambda_package": package.name, "lambda_package_sha256": digest}


def test_plan_apply_and_destroy_of_a_release(deployment: Deployment, cloud: Cloud) -> None:
    """They work with the zip and its digest; a plan warns that rules are not checked, and of nothing else.

    So do a change of rules and a plan that changes nothing.
    """
    before = cloud.inventory()
    ready = _package(deployment)
    _set(deployment, **ready)
    deployment.init()
    shown = " ".join(deployment.plan().split())
    assert _UNCHECKED in shown
    assert shown.count("Warning:") == 1
    deployment.apply_plan()
    deployment.expect_no_changes()

    _set(deployment, events_to_track="DeleteTrail", **ready)
    deployment.plan()
    deployment.apply_plan()
    files = content(cloud.client("lambda"), "cloudtrail-to-slack", deployment.folder)
    assert config(files)["events_to_track"] == ["DeleteTrail"]
    assert "python/cloudtrail_to_slack/handler.py" in files

    deployment.plan("-destroy")
    deployment.apply_plan()
    assert cloud.inventory() == before


def test_destroy_of_what_took_python_to_make(deployment: Deployment, cloud: Cloud) -> None:
    """Derived event patterns take Python: a plan without it is an error that says so, and a destroy works."""
    before = cloud.inventory()
    without = deployment.environment
    deployment.environment = {**without, "PATH": os.environ["PATH"]}
    _set(deployment, enable_realtime=True, **_package(deployment))
    deployment.apply()
    deployment.environment = without
    with pytest.raises(TerraformError, match="No event patterns can be derived from the rules: there is no python3"):
        deployment.plan()
    deployment.plan("-destroy")
    deployment.apply_plan()
    assert cloud.inventory() == before


def test_an_apply_that_has_to_build_says_what_to_do(deployment: Deployment, cloud: Cloud) -> None:
    """Without a zip a plan works, and the apply ends with the way out before there is a function."""
    before = cloud.inventory()
    _set(deployment)
    deployment.init()
    assert _UNCHECKED in " ".join(deployment.plan().split())
    with pytest.raises(TerraformError, match="There is no python3 where this plan is applied"):
        deployment.apply_plan()
    assert cloud.client("lambda").list_functions()["Functions"] == []
    deployment.destroy()
    assert cloud.inventory() == before
