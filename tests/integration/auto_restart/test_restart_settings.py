"""The settings of the function that starts logging again."""

import subprocess
import sys
from pathlib import Path

import pytest

from cloudtrail_to_slack.auto_restart.settings import read_settings
from cloudtrail_to_slack.errors import ConfigurationError
from support.restart_environment import EVERY_TRAIL

_SOURCE = Path(__file__).parents[3] / "src"
_GOOD = {
    "RESTART_TRAILS": EVERY_TRAIL,
    "RESTARTS_PER_HOUR": "3",
    "ACCOUNT_ID": "123456789012",
    "DYNAMODB_TABLE_NAME": "table",
    "SLACK_BOT_TOKEN": "xoxb-verysecret",
    "SLACK_CHANNEL_ID": "C0",
}


def test_settings_are_read() -> None:
    """What is given is taken, and the rest has its default; no secret shows."""
    found = read_settings(_GOOD)
    assert (found.restarts_per_hour, found.table_name, found.slack_channel) == (3, "table", "C0")
    assert (found.function_name, found.log_level, found.maintenance_parameter) == ("unnamed", "INFO", None)
    assert found.slack_api_url == "https://slack.com/api/"
    assert "verysecret" not in repr(found)
    assert read_settings({**_GOOD, "SLACK_API_URL": "https://slack-gov.com/api"}).slack_api_url.endswith("/api/")


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("RESTART_TRAILS", "", "RESTART_TRAILS: is not JSON"),
        ("RESTART_TRAILS", "[]", "RESTART_TRAILS: is not a list of trail ARNs"),
        ("RESTART_TRAILS", '{"a": 1}', "RESTART_TRAILS: is not a list of trail ARNs"),
        ("RESTART_TRAILS", '["the-trail"]', r"RESTART_TRAILS\[0\]: is not a trail ARN"),
        ("RESTART_TRAILS", "[1]", r"RESTART_TRAILS\[0\]: is not a trail ARN"),
        ("RESTARTS_PER_HOUR", "0", "RESTARTS_PER_HOUR: is not a whole number"),
        ("RESTARTS_PER_HOUR", "many", "RESTARTS_PER_HOUR: is not a whole number"),
        ("ACCOUNT_ID", "123", "ACCOUNT_ID: is not an account ID"),
        ("DYNAMODB_TABLE_NAME", "", "DYNAMODB_TABLE_NAME: is not a table name"),
        ("SLACK_CHANNEL_ID", "", "SLACK_CHANNEL_ID: is missing"),
        ("SLACK_BOT_TOKEN", "", "or no notice is sent"),
        ("SLACK_BOT_TOKEN_SSM_PARAMETER", "/x", "is given more than once"),
        ("SLACK_API_URL", "slack", "SLACK_API_URL: is not an http"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: must be one of"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str, fault: str) -> None:
    """Each fault names its variable."""
    with pytest.raises(ConfigurationError, match=fault):
        read_settings({**_GOOD, name: value})


def test_all_faults_are_reported_together() -> None:
    """With nothing set, everything that is missing is named."""
    with pytest.raises(ConfigurationError, match="5 issues"):
        read_settings({})


def test_the_handler_knows_no_rules() -> None:
    """The function loads neither the rule engine nor what reads log files, and needs no environment for it."""
    code = f"import sys\nsys.path.insert(0, {str(_SOURCE)!r})\n"
    code += "import cloudtrail_to_slack.auto_restart.handler\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)  # noqa: S603 (our own code)
    loaded = {name.removeprefix("cloudtrail_to_slack.") for name in ran.stdout.split()}
    assert "auto_restart.handler" in loaded
    assert not {
        name
        for name in loaded
        if name.startswith(
            ("rules", "pipeline", "evaluation", "config.loader", "ingest.log_files", "alerts.alert", "re2")
        )
    }
