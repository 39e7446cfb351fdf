"""Reading the webhooks by account, whose addresses are secrets."""

from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.routes import Route, read_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretKind, SecretSource
from support.strategies import json_values

WEBHOOK = "https://hooks.slack.com/services/T0/B0/verysecret"


def test_webhook_routes() -> None:
    """Webhook routes are read by account."""
    data = [{"accounts": ["111111111111", "222222222222"], "slack_hook_url": WEBHOOK}]
    source = SecretSource("R[0].slack_hook_url", "environment", WEBHOOK)
    assert read_webhook_routes(data, "R") == ([(Route(("111111111111", "222222222222"), WEBHOOK), source)], [])


@pytest.mark.parametrize(
    ("key", "kind", "reference"),
    [
        ("slack_hook_url_ssm_parameter", "ssm", "/slack/hook"),
        ("slack_hook_url_secret_arn", "secretsmanager", "arn:aws:secretsmanager:eu-west-1:1:secret:x"),
    ],
)
def test_webhook_routes_by_reference(key: str, kind: SecretKind, reference: str) -> None:
    """A route may say where its webhook is kept, and a fault in it would be reported with its place."""
    data = [{"accounts": ["222222222222"], "slack_hook_url": WEBHOOK}, {"accounts": ["111111111111"], key: reference}]
    (_, found), faults = read_webhook_routes(data, "R")
    assert faults == []
    assert found == (Route(("111111111111",), reference), SecretSource(f"R[1].{key}", kind, reference))


WRONG_WEBHOOKS: dict[str, Any] = {
    "an object": {"111111111111": WEBHOOK},
    "addresses only": [WEBHOOK],
    "a number": 5,
    "swapped": [{"accounts": [WEBHOOK], "slack_hook_url": "111111111111"}],
    "accounts as text": [{"accounts": WEBHOOK, "slack_hook_url": WEBHOOK}],
    "by address": [{WEBHOOK: ["111111111111"]}],
    "no address at all": [{"accounts": ["111111111111"], "slack_hook_url": f"{WEBHOOK} "[8:]}],
    "an object as address": [{"accounts": ["111111111111"], "slack_hook_url": {"url": WEBHOOK}}],
    "two places": [{"accounts": ["111111111111"], "slack_hook_url": WEBHOOK, "slack_hook_url_ssm_parameter": "/x"}],
    "no place": [{"accounts": ["111111111111"]}],
    "no severity": [{"accounts": ["111111111111"], "slack_hook_url": WEBHOOK, "min_severity": WEBHOOK}],
    "no user group": [{"accounts": ["111111111111"], "slack_hook_url": WEBHOOK, "mention": WEBHOOK}],
    "all accounts without a severity": [{"accounts": ["*"], "slack_hook_url": WEBHOOK}],
}


@pytest.mark.parametrize("data", WRONG_WEBHOOKS.values(), ids=WRONG_WEBHOOKS)
def test_webhook_faults_keep_the_secret(data: object) -> None:
    """Whatever is wrong with webhook routes, it is reported without the address, which is a secret."""
    _, faults = read_webhook_routes(data, "SLACK_WEBHOOK_ROUTES")
    assert faults
    assert not [fault for fault in faults if "verysecret" in str(fault)]


@pytest.mark.parametrize("text", ["http://localhost:8080/x", WEBHOOK, "https://x/?a=b&c=d#e"])
def test_web_addresses(text: str) -> None:
    """An http(s) address is one."""
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text", ["", "https://", "ftp://x", "https://a b", "https://x\n", "//x", " https://x", "https://é"]
)
def test_no_web_addresses(text: str) -> None:
    """Other schemes, spaces, control characters and other scripts make no address."""
    assert not is_web_address(text)


@settings(deadline=None, max_examples=100)
@given(data=json_values())
def test_any_webhook_routes(data: object) -> None:
    """No webhook routes raise, and those without faults are addresses by account, or where they are kept."""
    routes, faults = read_webhook_routes(data, "R")
    assert faults or all(source.kind != "environment" or is_web_address(source.reference) for _, source in routes)
