"""A destination that is added in one file and one line of the registry is delivered to as any other."""

from collections.abc import Iterator
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.registry import REGISTRY
from cloudtrail_to_slack.errors import (
    ConfigurationError,
    DestinationMisconfiguredError,
    InvocationFailedError,
    PayloadRejectedError,
    TransientError,
)
from support import pager
from support.app_environment import ACCOUNT, KEY, AppEnvironment, Context, record, s3_event

_OTHER = "444455556666"
_TEAMS = {"pager": {"default": "team-default", "routes": [{"accounts": [_OTHER], "address": "team-own"}]}}


@pytest.fixture(autouse=True)
def on_call(app_env: AppEnvironment) -> Iterator[None]:
    """Register the pager."""
    app_env.monkeypatch.setitem(REGISTRY, pager.NAME, "support.pager")
    app_env.monkeypatch.setattr("time.sleep", lambda _: None)
    yield
    for each in (pager.SENT, pager.FAILURES, pager.GONE):
        each.clear()


def _configure(app_env: AppEnvironment, *, limit: str = "", **config: Any) -> None:
    app_env.monkeypatch.setenv("PAGER_LIMIT", limit)
    app_env.configure_bot(destinations=_TEAMS, **config)


def _deliver(app_env: AppEnvironment, *records: dict[str, Any]) -> None:
    app_env.put_log(*records)
    app_env.invoke(s3_event(KEY), Context())


def test_it_is_routed_by_account_and_rendered(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """Each alert goes to the team of its account, or the default, beside Slack; metrics have the destination's name."""
    _configure(app_env)
    _deliver(app_env, record(eventID="e-1"), record(eventID="e-2", recipientAccountId=_OTHER))
    assert [(team, text.split()[-1]) for team, text in pager.SENT] == [("team-default", "e-1"), ("team-own", "e-2")]
    assert "called DeleteBucket" in pager.SENT[0][1]
    assert len(app_env.texts()) == 2
    assert '"delivered":{"slack_app":2,"pager":2}' in capsys.readouterr().out


def test_it_is_retried(app_env: AppEnvironment) -> None:
    """A transient error is retried, and one that stays fails the invocation, naming the address."""
    _configure(app_env)
    pager.FAILURES.append(TransientError("busy"))
    _deliver(app_env, record(eventID="e-1"))
    assert len(pager.SENT) == 1
    pager.FAILURES.extend([TransientError("busy")] * 4)
    with pytest.raises(InvocationFailedError, match="e-2 did not reach pager of team-default: busy"):
        _deliver(app_env, record(eventID="e-2"))


def test_it_gets_no_alert_twice(app_env: AppEnvironment) -> None:
    """The same log file, announced again, pages no one again."""
    _configure(app_env)
    _deliver(app_env, record(eventID="e-1"))
    app_env.invoke(s3_event(KEY))
    assert len(pager.SENT) == 1


def test_it_has_no_limit_unless_it_says_so(app_env: AppEnvironment) -> None:
    """Without a limit each alert is a page; with one, a summary has the ids of those beyond it."""
    records = [record(eventID=f"e-{number}") for number in range(30)]
    _configure(app_env)
    _deliver(app_env, *records)
    assert len(pager.SENT) == 30
    pager.SENT.clear()
    app_env.monkeypatch.setenv("PAGER_LIMIT", "3")
    app_env.configure_bot(table=False, destinations=_TEAMS, deduplicate_deliveries=False)
    app_env.invoke(s3_event(KEY))
    assert len(pager.SENT) <= 3
    said = " ".join(text for _, text in pager.SENT).split()
    assert {event["eventID"] for event in records} <= set(said)


def test_it_falls_back_to_its_default(app_env: AppEnvironment) -> None:
    """An address that accepts nothing gives way to the default one, which says why and what to do about it."""
    _configure(app_env)
    pager.GONE["team-own"] = DestinationMisconfiguredError("no_such_team")
    _deliver(app_env, record(eventID="e-2", recipientAccountId=_OTHER))
    ((team, text),) = pager.SENT
    assert team == "team-default"
    for said in ("pager of team-own", _OTHER, "no_such_team", "create the team", "e-2"):
        assert said in text


def test_it_gets_a_smaller_message(app_env: AppEnvironment) -> None:
    """What is rejected for its content is sent again, smaller."""
    _configure(app_env)
    pager.FAILURES.append(PayloadRejectedError("too_long"))
    _deliver(app_env, record(eventID="e-1"))
    ((_, text),) = pager.SENT
    assert "e-1" not in text
    assert "DeleteBucket" in text


def test_it_gets_no_notices(app_env: AppEnvironment) -> None:
    """Rule errors go to Slack, and not to a destination that receives no notices."""
    _configure(app_env, rules=["event['none'] == 1"], use_default_rules=False)
    _deliver(app_env, record(eventID="e-1"))
    assert pager.SENT == []
    assert len(app_env.texts()) == 1
    assert "raised an error" in app_env.texts()[0]


def test_alone_it_gets_notices_too(app_env: AppEnvironment) -> None:
    """Where no destination receives notices, they go to those that there are, so that none is lost."""
    app_env.configure(destinations=_TEAMS, rules=["event['none'] == 1"], use_default_rules=False)
    _deliver(app_env, record(eventID="e-1"))
    ((team, text),) = pager.SENT
    assert team == "team-default"
    assert "raised an error" in text


def test_a_destination_of_no_known_name(app_env: AppEnvironment) -> None:
    """A name in the configuration that is not in the registry, or has a key of its own, is an error that says so."""
    for name, problem in (
        ("pagr", "is not a known destination; the destinations are pager, "),
        ("sns", "has a key of its own"),
    ):
        app_env.configure_bot(table=False, destinations={name: _TEAMS["pager"]})
        with pytest.raises(ConfigurationError, match=f"destinations.{name}: {problem}"):
            app_env.invoke(s3_event(KEY))


def test_the_routes_of_a_destination_are_checked(app_env: AppEnvironment) -> None:
    """What is wrong with a route is named with its path."""
    app_env.configure(destinations={"pager": {"routes": [{"accounts": ["1"], "address": ACCOUNT}]}})
    with pytest.raises(ConfigurationError, match=r"destinations\.pager\.routes\[0\]\.accounts"):
        app_env.invoke(s3_event(KEY))
