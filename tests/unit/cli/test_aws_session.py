"""What commands say where there is no way to AWS."""

from pathlib import Path

import pytest

from support.command_line import cloudtrail_to_slack, write

_SSO = "sso_start_url=https://x.example\nsso_region=eu-west-1\nsso_account_id=111122223333\nsso_role_name=r\n"


@pytest.mark.parametrize("command", [("backtest", "s3://bucket/"), ("doctor",), ("redrive",)], ids=lambda each: each[0])
@pytest.mark.parametrize(
    ("config", "profile", "problem"),
    [
        ("[default]\nregion=eu-west-1\n", None, "there are no AWS credentials: set AWS_PROFILE, or log in"),
        (f"[default]\nregion=eu-west-1\n{_SSO}", None, "the AWS credentials cannot be used: log in"),
        ("[default]\n", "nope", "The config profile (nope) could not be found: check --profile"),
        ("[default\n", None, "Unable to parse config file"),
    ],
    ids=["no credentials", "expired login", "unknown profile", "broken configuration"],
)
def test_no_way_to_aws_is_said_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    config: str,
    profile: str | None,
    problem: str,
) -> None:
    """Without credentials, with an expired login or a wrong profile, a command ends with one line and exit code 2."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(write(tmp_path, "config", config)))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    ran = cloudtrail_to_slack(*command, *(("--profile", profile) if profile else ()))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Error: {problem}")
    assert ran.err.count("\n") == 1
