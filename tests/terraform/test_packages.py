"""What Terraform packages: which changes reach the function, what is built for them, and what a plan shows of them."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support.terraform import Terraform

# In place of the code, which has many files: some of each kind.
_PACKAGED = ("__init__.py", "handler.py", "py.typed", "rules/__init__.py", "rules/lint/known_events.txt")
_NOT_PACKAGED = ("__pycache__/handler.cpython-313.pyc", "rules/__pycache__/__init__.cpython-313.pyc", "notes.txt~")
_SECRET_OF_THE_CODE = "only_the_code_says_this"
_CALL = """
provider "aws" {{
  region = "eu-west-1"
}}

module "alerts" {{
  source = "./module"

  cloudtrail_logs_s3_bucket_name       = "trail-logs"
  default_slack_hook_url_ssm_parameter = "/slack/hook"
  dependencies_layer_arn               = "arn:aws:lambda:eu-west-1:111122223333:layer:given:1"
  sns_configuration = [
    {{ accounts = ["111111111111", "222222222222"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:one" }},
  ]
  detection_rules = concat(
    [for i in range(50) : {{ id = "rule-${{i}}", severity = "low"
      expression = "event['eventName'] == 'Call${{i}}'" }}],
    [{{ expression = "event.get('eventName') == 'DeleteTrail'" }}],
    {rules},
  )
}}
"""


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """A configuration that is applied, with the sources that are packaged."""
    terraform = Terraform(tmp_path, "111122223333")
    terraform.copy_module()
    for name in (*_PACKAGED, *_NOT_PACKAGED):
        terraform.write(f"# {_SECRET_OF_THE_CODE}\n", f"module/src/cloudtrail_to_slack/{name}")
    terraform.write(_CALL.format(rules="[]"))
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    return terraform


def _changed(terraform: Terraform) -> dict[str, list[str]]:
    return {
        address.removeprefix("module.alerts."): change["change"]["actions"]
        for address, change in terraform.planned().items()
        if change["change"]["actions"] != ["no-op"]
    }


def _zip(terraform: Terraform, folder: Path, layer: str) -> dict[str, str]:
    """Return the files of the zip that a layer was published from."""
    filename = terraform.resources()[f"module.alerts.aws_lambda_layer_version.{layer}"]["filename"]
    with zipfile.ZipFile(folder / filename) as package:
        return {name: package.read(name).decode() for name in package.namelist()}


def test_the_code_and_the_configuration_are_layers(terraform: Terraform, tmp_path: Path) -> None:
    """One layer holds the code's files and no others, another config.json; the function has both and the one given."""
    assert sorted(_zip(terraform, tmp_path, 'built["code"]')) == sorted(
        f"python/cloudtrail_to_slack/{name}" for name in _PACKAGED
    )
    assert list(_zip(terraform, tmp_path, "config")) == ["config.json"]
    layers = [
        values["arn"] for address, values in terraform.resources().items() if "aws_lambda_layer_version" in address
    ]
    function = terraform.resources()["module.alerts.aws_lambda_function.this"]
    assert sorted(function["layers"]) == sorted([*layers, "arn:aws:lambda:eu-west-1:111122223333:layer:given:1"])
    assert _changed(terraform) == {}


def test_a_change_of_rules_changes_only_the_configuration(terraform: Terraform, tmp_path: Path) -> None:
    """Its zip and its layer are new, the function is updated, and the plan shows the rule as a line and little else."""
    terraform.write(
        _CALL.format(rules="[{ id = \"added\", expression = \"event.get('eventName') == 'StopLogging'\" }]").replace(
            "'DeleteTrail'", "'UpdateTrail'"
        )
    )
    assert _changed(terraform) == {
        "archive_file.config": ["create", "delete"],
        "aws_lambda_layer_version.config": ["create", "delete"],
        "aws_lambda_function.this": ["update"],
        "terraform_data.configuration": ["delete", "create"],
    }
    shown = terraform.run("plan")
    for line in (
        r"\+ added += \"event.get\('eventName'\) == 'StopLogging'\"",
        r"- \"event.get\('eventName'\) == 'DeleteTrail'\" +=",
        r"\+ \"event.get\('eventName'\) == 'UpdateTrail'\" +=",
        r"\(50 unchanged attributes hidden\)",
    ):
        assert re.search(line, shown), shown
    assert "rule-7" not in shown
    assert len(shown.splitlines()) < 120, shown

    terraform.run("apply", "plan")
    config: dict[str, Any] = json.loads(_zip(terraform, tmp_path, "config")["config.json"])
    assert [rule["expression"][-13:] for rule in config["rules"][-2:]] == ["'UpdateTrail'", "'StopLogging'"]


def test_neither_plan_nor_state_holds_the_code(terraform: Terraform, tmp_path: Path) -> None:
    """A first plan shows no line of code and no configuration in full, and the state holds it three times."""
    terraform.run("plan", "-destroy", "-out=destroy")
    state = (tmp_path / "terraform.tfstate").read_text()
    assert _SECRET_OF_THE_CODE not in state
    assert state.count("'Call7'") == 3  # in the zip's content, in what plans show, and as checked
    (tmp_path / "terraform.tfstate").unlink()
    shown = terraform.run("plan")
    assert _SECRET_OF_THE_CODE not in shown
    assert re.search(r"source_content += \(sensitive value\)", shown)
