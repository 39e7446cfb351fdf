"""What a call was made with, in a word."""

from typing import Any

import pytest
from hypothesis import given

from cloudtrail_to_slack.events.client import KINDS, client_kind
from cloudtrail_to_slack.events.event import read_event
from support.samples import record
from support.strategies import json_values

_TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 terraform-provider-aws/5.77.0 aws-sdk-go-v2/1.32.5"


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("aws-cli/2.24.11 Python/3.12.9 Linux/6.8 exe/x86_64 prompt/off command/iam.create-user", "AWS CLI"),
        ("[aws-cli/1.16.312 Python/3.6.8 Linux/4.14 botocore/1.13.48]", "AWS CLI"),
        (_TERRAFORM, "Terraform"),
        (_TERRAFORM.replace("HashiCorp/1.0 Terraform", "OpenTofu/1.0 OpenTofu"), "OpenTofu"),
        ("Pulumi/3.0 (https://www.pulumi.com; v3.142.0) aws-sdk-go-v2/1.30", "Pulumi"),
        ("cloudformation.amazonaws.com", "CloudFormation"),
        ("aws-sdk-nodejs/2.1380.0 linux/v18 promise aws-cdk/2.100.0", "AWS CDK"),
        ("Boto3/1.35.0 md/Botocore#1.35.0 ua/2.0 os/linux", "AWS SDK"),
        ("aws-sdk-java/2.20.26 Linux/5.10 OpenJDK_64-Bit_Server_VM/17", "AWS SDK"),
        ("console.amazonaws.com", "console"),
        ("signin.amazonaws.com", "console"),
        ("console.ec2.amazonaws.com", "console"),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11.666]", "console"),
        ("config.amazonaws.com", "AWS service"),
        ("AWS Internal", "AWS service"),
        ("aws-internal/3 aws-sdk-java/1.12.1 Linux/5.4", "AWS service"),
        ("awslambda-worker/1.0 rusoto/0.48.0 rust/1.75.0 linux", "AWS SDK"),
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0", "browser"),
        ("AWSPowerShell/4.1.0 .NET_Core/8.0.0", "PowerShell"),
        ("something of its own", None),
        ("", None),
    ],
)
def test_user_agents(agent: str, kind: str | None) -> None:
    """The user agents of well-known tools have a word, and others have none."""
    assert client_kind(read_event(record(userAgent=agent))) == kind


@pytest.mark.parametrize(
    ("agent", "kind"),
    [("Mozilla/5.0", "console"), ("AWS Internal", "console"), ("odd", "console"), (_TERRAFORM, "Terraform")],
)
def test_credentials_of_the_console(agent: str, kind: str) -> None:
    """A session of the console is the console, unless a tool used its credentials and says so."""
    found = client_kind(read_event(record(userAgent=agent, sessionCredentialFromConsole="true")))
    assert found == kind


@given(agent=json_values())
def test_any_user_agent(agent: Any) -> None:
    """Whatever stands there, it gives a word or none."""
    found = client_kind(read_event(record(userAgent=agent)))
    assert found is None or found in KINDS
