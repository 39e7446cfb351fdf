"""What `make package` builds, run as Lambda would run it."""

import json
import zipfile
from pathlib import Path

from cloudtrail_to_slack_build.package import build_package
from cloudtrail_to_slack_build.targets import Target
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from stage.functions import Function, find_runtime
from stage.records import stop_logging
from stage.terraform import ROOT

_FUNCTION_ZIP = ROOT / "src" / "cloudtrail_to_slack_build" / "function.zip"
_NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


def test_a_whole_package_needs_nothing_else(tmp_path: Path) -> None:
    """With no layer but that of config.json the function starts, from compiled files, and delivers an alert."""
    runtime = find_runtime()
    package = build_package(Target(runtime.name, runtime.architecture), None, tmp_path)
    config = tmp_path / "config.zip"
    with zipfile.ZipFile(config, "w") as archive:
        archive.writestr("config.json", json.dumps({"slack": {"default_channel_id": "C0DEFAULT"}}))
    with FakeSlack() as slack:
        slack.add_channel("C0DEFAULT", "alerts")
        configuration = {
            "FunctionName": "cloudtrail-to-slack",
            "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:cloudtrail-to-slack",
            "MemorySize": 256,
            "Handler": "cloudtrail_to_slack.handler.lambda_handler",
            "Environment": {"Variables": {"CONFIG_PATH": "/opt/config.json", "SLACK_BOT_TOKEN": slack.bot_token}},
        }
        function = Function(runtime.python, configuration, _FUNCTION_ZIP, [package, config], tmp_path / "lambda")
        detail = stop_logging("123456789012")
        event = {"source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail", "detail": detail}
        result = function.invoke(event, {**_NOWHERE, "SLACK_API_URL": slack.api_url})
        assert not result.failed, result.log
        (message,) = slack.messages("C0DEFAULT")
    assert "StopLogging" in message.text
    assert list(function.layers.glob("python/cloudtrail_to_slack/__pycache__/handler.cpython-3*.pyc"))
