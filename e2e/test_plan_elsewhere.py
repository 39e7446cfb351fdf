"""A plan is applied on another machine than the one that made it: nothing that was built there is there."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack_build.archives import zip_bytes
from stage.cloud import ACCOUNT, Cloud
from stage.layers import config, content
from stage.terraform import Deployment, TerraformError
from support.wheelhouse import Wheelhouse

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

  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_sns_topic_arn          = "arn:aws:sns:eu-west-1:123456789012:alerts"
{arguments}
}}

output "config" {{
  value = module.alerts.rendered_config
}}
"""


@dataclass
class Pipeline:
    """A configuration whose every plan is made on one machine and applied on the next, both new."""

    deployment: Deployment
    folder: Path
    arguments: dict[str, Any] = field(default_factory=dict)
    machines: int = 0

    def set(self, **arguments: Any) -> None:
        """Set arguments of the module."""
        self.arguments |= arguments
        lines = (f"  {name} = {json.dumps(value)}" for name, value in self.arguments.items())
        self.deployment.write(_CALL.format(arguments="\n".join(lines)))

    def plan(self, *options: str) -> str:
        """Plan on a new machine; return what Terraform prints."""
        self._move()
        return self.deployment.plan(*options)

    def apply(self) -> None:
        """Apply the plan on another new machine."""
        self._move()
        self.deployment.apply_plan()

    def _move(self) -> None:
        self.machines += 1
        self.deployment = self.deployment.moved_to(self.folder / str(self.machines))
        self.deployment.init()


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheelhouse:
    """The only package index there is, with one wheel."""
    house = Wheelhouse(tmp_path / "wheels")
    house.add("tiny")
    for name, value in house.environment().items():
        if name.startswith("PIP_"):
            monkeypatch.setenv(name, value)
    return house


@pytest.fixture
def pipeline(cloud: Cloud, tmp_path: Path) -> Iterator[Pipeline]:
    """A configuration that nothing is applied of; afterwards everything is destroyed, without Python."""
    cloud.make_bucket(_BUCKET, ACCOUNT)
    deployment = Deployment.calling(tmp_path / "machines" / "0", cloud.environment, "")
    pipeline = Pipeline(deployment, tmp_path / "machines")
    pipeline.set()
    before = cloud.inventory()
    yield pipeline
    pipeline.deployment.environment = {**pipeline.deployment.environment, "PATH": _path_without_python(tmp_path)}
    pipeline.plan("-destroy")
    pipeline.apply()
    assert cloud.inventory() == before


def _path_without_python(folder: Path) -> str:
    """Return a PATH on which starting Python is an error."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        (programs / name).write_text("#!/bin/sh\necho 'Python was started' >&2\nexit 1\n")
        (programs / name).chmod(0o755)
    return f"{programs}{os.pathsep}{os.environ['PATH']}"


def _check(pipeline: Pipeline, cloud: Cloud, function_name: str = "cloudtrail-to-slack") -> dict[str, bytes]:
    """Check that the function has the configuration planned, and that nothing is left to do; return its files."""
    files = content(cloud.client("lambda"), function_name, pipeline.folder)
    assert config(files) == json.loads(pipeline.deployment.outputs()["config"])
    assert "python/cloudtrail_to_slack/handler.py" in files
    pipeline.deployment.expect_no_changes()
    return files


def test_whatever_a_plan_changes_is_built_where_it_is_applied(
    pipeline: Pipeline, cloud: Cloud, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    """A first apply, replacements, another architecture, other requirements, another name, other code: each works.

    Where nothing can be built, the function stays as it is.
    """
    requirements = pipeline.deployment.module / "requirements.txt"
    shutil.copy(wheelhouse.requirements(), requirements)
    pipeline.plan()
    pipeline.apply()
    assert "python/tiny.py" in _check(pipeline, cloud)

    # One by one: with three, Terraform 1.11 loses some of what replace_triggered_by asks for.
    pipeline.plan("-replace=module.alerts.aws_lambda_function.this")
    pipeline.apply()
    _check(pipeline, cloud)

    pipeline.set(lambda_architecture="x86_64")
    pipeline.plan()
    with_python = pipeline.deployment.environment
    pipeline.deployment.environment = {**with_python, "PATH": _path_without_python(tmp_path)}
    with pytest.raises(TerraformError, match="Python was started"):
        pipeline.apply()
    function = cloud.client("lambda").get_function_configuration(FunctionName="cloudtrail-to-slack")
    assert function["Architectures"] == ["arm64"]
    pipeline.deployment.environment = with_python
    pipeline.plan("-replace=module.alerts.archive_file.config")
    pipeline.apply()
    _check(pipeline, cloud)

    wheelhouse.add("small")
    shutil.copy(wheelhouse.requirements(), pipeline.deployment.module / "requirements.txt")
    pipeline.plan()
    pipeline.apply()
    assert {"python/tiny.py", "python/small.py"} <= _check(pipeline, cloud).keys()

    pipeline.plan('-replace=module.alerts.terraform_data.build["code"]')
    pipeline.apply()
    _check(pipeline, cloud)

    pipeline.set(function_name="another")
    pipeline.plan()
    pipeline.apply()
    _check(pipeline, cloud, "another")

    (pipeline.deployment.module / "src/cloudtrail_to_slack/added.py").write_text("ADDED = True\n")
    pipeline.plan()
    pipeline.apply()
    assert "python/cloudtrail_to_slack/added.py" in _check(pipeline, cloud, "another")


def test_a_change_of_rules_needs_no_python(pipeline: Pipeline, cloud: Cloud, tmp_path: Path) -> None:
    """With a package that is ready nothing needs Python, and only an apply that changes the package needs the zip."""
    package = tmp_path / "package.zip"
    package.write_bytes(zip_bytes({"python/cloudtrail_to_slack/handler.py": b""}))
    (pipeline.folder / "package.zip").write_bytes(package.read_bytes())  # among the zips that layers are looked up in
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    environment = {**pipeline.deployment.environment, "PATH": _path_without_python(tmp_path)}
    pipeline.deployment.environment = environment
    pipeline.set(lambda_package=str(package), lambda_package_sha256=digest.upper())
    pipeline.plan()
    pipeline.apply()
    _check(pipeline, cloud)

    package.unlink()
    pipeline.set(events_to_track="DeleteTrail")
    pipeline.plan()
    pipeline.apply()
    _check(pipeline, cloud)

    package.write_bytes(zip_bytes({"python/cloudtrail_to_slack/handler.py": b"another"}))
    with pytest.raises(TerraformError, match="lambda_package is not the file that lambda_package_sha256 names"):
        pipeline.plan()
    package.unlink()


def test_another_data_directory_and_a_read_only_module(
    pipeline: Pipeline, cloud: Cloud, wheelhouse: Wheelhouse, tmp_path: Path
) -> None:
    """Terraform's data directory and the zips may lie elsewhere, and nothing is written to module or configuration."""
    shutil.copy(wheelhouse.requirements(), pipeline.deployment.module / "requirements.txt")
    pipeline.set(build_directory=str(tmp_path / "machines" / "built"))
    pipeline.deployment.environment = {**pipeline.deployment.environment, "TF_DATA_DIR": str(tmp_path / "data")}
    before = _files(pipeline.deployment.module)
    pipeline.plan()
    pipeline.apply()
    _check(pipeline, cloud)
    assert _files(pipeline.deployment.module) == before
    assert not (pipeline.deployment.folder / ".terraform").exists()

    shutil.rmtree(tmp_path / "machines" / "built")
    pipeline.set(build_directory=str(tmp_path / "machines" / "elsewhere"))
    pipeline.plan()
    pipeline.deployment.expect_no_changes()


def _files(folder: Path) -> list[str]:
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_file())
