"""What rules of packs count and leave out, as docs/detections.md says."""

from typing import Any

import pytest

from cloudtrail_to_slack_dev.considered import considered
from cloudtrail_to_slack_dev.pack_files import own_rules, read_packs

RULES = own_rules(read_packs())


def rule(expression: str, **event: Any) -> dict[str, Any]:
    """A rule with one matching event."""
    return {"expression": expression, "tests": [{"expect": "match", "event": {"eventName": "StopLogging", **event}}]}


def test_a_rule_on_a_name_alone_counts_every_kind_of_call() -> None:
    """Without a further condition nothing is left out; dry runs are mentioned for EC2 alone."""
    counted, left_out = considered(rule('event.get("eventName") == "StopLogging"'))
    assert left_out == []
    assert "dry runs" not in counted
    assert {"failed calls", "service-linked roles", "SSO sessions", "Terraform"} < set(counted)
    assert "dry runs" in considered(rule('event.get("eventName") == "StopLogging"', eventSource="ec2.amazonaws.com"))[0]


@pytest.mark.parametrize(
    ("condition", "left_out"),
    [
        ('event.get("errorCode") is None', ["failed calls"]),
        (
            'event.get("userIdentity.invokedBy") is None',
            ["calls through CloudFormation", "service-linked roles", "AWS services"],
        ),
        ('event.get("userIdentity.type") != "AWSService"', ["AWS services"]),
        ('event.get("sessionCredentialFromConsole") is None', ["SSO sessions in the console"]),
        ('"Terraform" not in str(event.get("userAgent"))', ["Terraform"]),
    ],
)
def test_a_condition_leaves_out_its_kind_of_call(condition: str, left_out: list[str]) -> None:
    """What a condition excludes is found by evaluating it."""
    assert considered(rule(condition))[1] == left_out


@pytest.mark.parametrize("rule_id", RULES)
def test_no_rule_of_a_pack_leaves_out_what_a_user_agent_says(rule_id: str) -> None:
    """A caller who claims to be Terraform is counted like any other."""
    assert "Terraform" not in considered(RULES[rule_id])[1]
