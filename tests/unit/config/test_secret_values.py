"""Where secrets come from, and keeping them out of what is printed."""

import pytest

from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.config.secrets import SecretReader, SecretSource, find_secret
from cloudtrail_to_slack.errors import ConfigurationIssue

TOKEN = "xoxb-0-verysecret"
WAYS = {
    "SLACK_BOT_TOKEN": "environment",
    "SLACK_BOT_TOKEN_SSM_PARAMETER": "ssm",
    "SLACK_BOT_TOKEN_SECRET_ARN": "secretsmanager",
}


@pytest.mark.parametrize(("variable", "kind"), WAYS.items())
def test_ways_to_give_a_secret(variable: str, kind: str) -> None:
    """A secret is found in each of the ways to give one, stripped."""
    issues: list[ConfigurationIssue] = []
    source = find_secret("SLACK_BOT_TOKEN", {variable: f" {TOKEN}\n"}, issues)
    assert source is not None
    assert (source.variable, source.kind, source.reference) == (variable, kind, TOKEN)
    assert issues == []


@pytest.mark.parametrize("environment", [{}, dict.fromkeys(WAYS, ""), dict.fromkeys(WAYS, "  ")])
def test_no_secret(environment: dict[str, str]) -> None:
    """Variables that are missing or blank give no secret and no fault."""
    issues: list[ConfigurationIssue] = []
    assert find_secret("SLACK_BOT_TOKEN", environment, issues) is None
    assert issues == []


def test_given_more_than_once() -> None:
    """A secret given in two ways is a fault that names both ways and not the secret."""
    issues: list[ConfigurationIssue] = []
    find_secret("SLACK_BOT_TOKEN", dict.fromkeys(WAYS, TOKEN), issues)
    (fault,) = issues
    assert all(variable in fault.problem for variable in WAYS)
    assert "verysecret" not in str(fault)


def test_names_do_not_mix() -> None:
    """The webhook's variables give no bot token."""
    assert find_secret("SLACK_BOT_TOKEN", {"SLACK_WEBHOOK_URL": TOKEN}, []) is None


def test_repr_hides_the_secret() -> None:
    """A source's repr shows a reference, and stars in the place of the secret itself."""
    assert repr(SecretSource("V", "environment", TOKEN)) == "SecretSource('V', 'environment', '***')"
    assert repr(SecretSource("V", "ssm", "/slack/token")) == "SecretSource('V', 'ssm', '/slack/token')"
    assert "verysecret" not in f"{[SecretSource('V', 'environment', TOKEN)]}"


def test_reading_what_the_environment_holds() -> None:
    """A secret in the environment is read without any client."""
    assert SecretReader(AwsClients()).read(SecretSource("V", "environment", TOKEN)) == TOKEN
