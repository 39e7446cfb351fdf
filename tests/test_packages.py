"""What Terraform packages: which changes reach the function, and how."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support.terraform import Terraform

# In place of the code, which has many files: some of each kind.
_PACKAGED = ("__init__.py", "handler.py", "py.typed", "rules/__init__.py", "rules/event_names.txt")
_NOT_PACKAGED = ("__pycache__/handler.cpython-313.pyc", "rules/__pycache__/__init__.cpython-313.pyc", "notes.txt~")
_CALL = """
provider "aws" {{
  region = "eu-west-1"
}}

module "alerts" {{
  source = "./module"

  cloudtrail_logs_s3_bucket_name       = "trail-logs"
  default_slack_hook_url_ssm_parameter = "/slack/hook"
  dependencies_layer_arn               = "arn:aws:lambda:eu-west-1:111122223333:layer:given:1"
  events_to_track                      = "{events}"
}}
"""
_ZIP = ".terraform/cloudtrail-to-slack/cloudtrail-to-slack/function.zip"


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """A configuration that is applied, with the sources that are packaged."""
    terraform = Terraform(tmp_path, "111122223333")
    terraform.copy_module()
    for name in (*_PACKAGED, *_NOT_PACKAGED):
        terraform.write("", f"module/src/cloudtrail_to_slack/{name}")
    terraform.write(_CALL.format(events="DeleteTrail"))
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    return terraform


def _config(folder: Path) -> dict[str, Any]:
    with zipfile.ZipFile(folder / _ZIP) as package:
        assert sorted(package.namelist()) == sorted(
            ["config.json", *(f"cloudtrail_to_slack/{name}" for name in _PACKAGED)]
        )
        config: dict[str, Any] = json.loads(package.read("config.json"))
    return config


def test_a_change_of_rules_changes_only_code(terraform: Terraform, tmp_path: Path) -> None:
    """Nothing else is planned than a new zip and the function's update; without a change, nothing is."""
    assert {
        address for address, change in terraform.planned().items() if change["change"]["actions"] != ["no-op"]
    } == set()
    terraform.write(_CALL.format(events="DeleteTrail, StopLogging"))
    changed = {
        address: change["change"]
        for address, change in terraform.planned().items()
        if change["change"]["actions"] != ["no-op"]
    }
    assert {address: change["actions"] for address, change in changed.items()} == {
        "module.alerts.archive_file.function[0]": ["delete", "create"],
        "module.alerts.aws_lambda_function.this": ["update"],
    }
    # As for a plan that is applied on another machine: the zip that planning left here is not there.
    shutil.rmtree(tmp_path / ".terraform/cloudtrail-to-slack")
    terraform.run("apply", "plan")
    assert _config(tmp_path)["events_to_track"] == ["DeleteTrail", "StopLogging"]
