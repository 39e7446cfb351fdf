"""The command `events`: which event names and fields rules can use."""

import gzip
import json
from typing import Any

import pytest

from cloudtrail_to_slack.rules.lint.known_events import is_known
from cloudtrail_to_slack.testing import Ruleset, lint
from cloudtrail_to_slack_cli import catalogue, samples
from cloudtrail_to_slack_dev import event_catalogue
from support.command_line import cloudtrail_to_slack
from support.pages import ROOT


def found(*arguments: str) -> dict[str, Any]:
    """Return what a search finds, as an object."""
    ran = cloudtrail_to_slack("events", *arguments, "--format", "json")
    answer: dict[str, Any] = json.loads(ran.out)
    return answer


def test_an_event_is_found_with_its_fields() -> None:
    """The name of one event shows its service and the fields of its request and response, as rules read them."""
    ran = cloudtrail_to_slack("events", "createaccesskey")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:2] == ["CreateAccessKey  iam.amazonaws.com", "  requestParameters.userName"]
    assert "secretAccessKey" not in ran.out  # CloudTrail hides what is secret


def test_words_are_searched_in_names_services_and_fields() -> None:
    """Every word must occur; events that are named so come first; fields of all events are found too."""
    events = found("kms", "schedule")["events"]
    assert events[0]["event_name"] == "ScheduleKeyDeletion"
    assert events[0]["event_source"] == "kms.amazonaws.com"
    assert any(each["event_name"] == "CreateUser" for each in found("permissionsBoundary", "iam")["events"])
    fields = found("sessionissuer")["fields"]
    assert "userIdentity.sessionContext.sessionIssuer.arn" in fields
    assert "fields of all events:\n  userIdentity.accessKeyId" in cloudtrail_to_slack("events", "accesskeyid").out
    assert found("UpdateFunctionCode20150331v2")["events"][0]["event_source"] == "lambda.amazonaws.com"
    assert found("ConsoleLogin", "mfaused")["events"][0]["event_source"] == "signin.amazonaws.com"
    assert not found("CreateAccessKey")["events"][0]["read_only"]
    assert found("DescribeTrails")["events"][0]["read_only"]


def test_fields_of_several_events_are_shown_on_request() -> None:
    """With --fields each event shows its fields; without, only one that is found alone."""
    assert "requestParameters" not in cloudtrail_to_slack("events", "trail", "delete").out.split("fields of all")[0]
    assert "  requestParameters.name" in cloudtrail_to_slack("events", "trail", "delete", "--fields").out


def test_nothing_found_is_said() -> None:
    """A search without result has exit code 1, and says so."""
    ran = cloudtrail_to_slack("events", "no-such-event-at-all")
    assert (ran.code, ran.out, ran.err) == (1, "", "no event or field has all of these words\n")
    assert cloudtrail_to_slack("events", "--samples", "no-such-sample").code == 1


def test_samples_are_listed() -> None:
    """--samples lists the sample events, or those with the words."""
    ran = cloudtrail_to_slack("events", "--samples")
    assert [line.split()[0] for line in ran.out.splitlines()] == list(samples.names())
    some = json.loads(cloudtrail_to_slack("events", "--samples", "root", "--format", "json").out)
    assert {"sample": "root-creates-access-key", "about": "The root user creates an access key."} in some


@pytest.mark.long
def test_the_catalogue_is_what_the_script_writes() -> None:
    """The data that ship are those of the script, but for the little that newer models of AWS's APIs change."""
    data = ROOT / "src" / "cloudtrail_to_slack_cli" / "catalogue" / catalogue.DATA
    shipped = gzip.decompress(data.read_bytes()).decode().splitlines()
    assert shipped == sorted(shipped, key=lambda line: line.split("\t")[:2])
    assert len(set(shipped) & set(event_catalogue.lines())) > 0.9 * len(shipped)


@pytest.mark.long
def test_the_catalogue_agrees_with_lint() -> None:
    """No event or field that the catalogue offers is one that lint warns about."""
    assert [event.name for event in catalogue.known_events() if not is_known(event.name)] == []
    rules = [f"event.get({field!r}) is not None" for field in catalogue.record_fields()]
    assert lint(Ruleset.from_config({"rules": rules})) == ()


@pytest.mark.parametrize("name", samples.names())
def test_samples_have_the_service_of_the_catalogue(name: str) -> None:
    """A sample's event comes from the service that has such an event."""
    event = samples.load(name)
    sources = catalogue.known_sources(event.get("eventName", ""))
    assert not sources or event["eventSource"] in sources
