"""Alerts on a phone's screen, in a real browser."""

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message
from cloudtrail_to_slack_cli.decisions import decide
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.slack_display.blocks import render_message
from cloudtrail_to_slack_cli.slack_display.style import STYLE
from cloudtrail_to_slack_dev.attack_samples import attack_samples
from support.browser import Browser
from support.samples import LOG_FILE

WIDTH, HEIGHT = 390, 844  # CSS pixels of a common phone
BARS = 200  # what Slack's title, input field and the phone's own bars take of the height, roughly
# What CloudTrail records with every call, as long as it usually is; the examples of the packs leave it out.
USUAL = {
    "eventTime": "2026-03-14T09:24:17Z",
    "awsRegion": "ap-southeast-2",
    "recipientAccountId": "111122223333",
    "eventID": "4f9c2a1e-0000-4000-8000-000000000001",
    "sourceIPAddress": "203.0.113.107",
    "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Administrator_0123456789abcdef/jo@example.com",
    },
}


def heights(messages: list[list[dict[str, Any]]], folder: Path) -> list[int]:
    """Return how high each message is on a phone, in CSS pixels."""
    shown = "".join(f'<div class="one">{render_message(blocks, "")}</div>' for blocks in messages)
    page = folder / "page.html"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    page.write_text(f"<!DOCTYPE html>{head}<body>{shown}", encoding="utf-8")
    with Browser() as browser:
        browser.resize(WIDTH, HEIGHT)
        browser.open(page.as_uri())
        return list(browser.run("[...document.querySelectorAll('.one')].map((each) => each.offsetHeight)"))


@pytest.mark.long
def test_an_alert_fits_on_a_phone(tmp_path: Path) -> None:
    """The alert on each example of the packs fits on a phone's screen, and most fit between Slack's bars."""
    config = GivenRules(packs=("recommended",)).read()
    alerts = []
    for sample in json.loads(attack_samples()):
        decision = decide(config, {**USUAL, **sample["event"]})
        # No event reaches the thresholds of several rules at once.
        rules = [rule for rule in decision.matching_rules if rule.threshold is None or rule.id == sample["rule"]]
        if rules:
            alerts.append(make_alert(decision.event, tuple(rules), LOG_FILE))
    assert len(alerts) > 150
    found = heights([alert_message(alert).blocks for alert in alerts], tmp_path)
    assert max(found) < HEIGHT
    assert median(found) < HEIGHT - BARS
