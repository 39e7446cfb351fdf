"""The workflows publish what the build writes."""

from pathlib import Path

import yaml

from cloudtrail_to_slack_build import package

_RELEASE = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "release.yml"


def test_a_release_has_the_zips_and_their_digests() -> None:
    """The release takes the files from the folder into which `make package` and `make layer` write them."""
    steps = yaml.safe_load(_RELEASE.read_text())["jobs"]
    commands = "\n".join(step.get("run", "") for job in steps.values() for step in job["steps"])
    folder = package.OUTPUT_DIRECTORY.as_posix()
    assert f"cd {folder} && sha256sum --check SHA256SUMS" in commands
    assert f"{folder}/*.zip {folder}/SHA256SUMS" in commands
