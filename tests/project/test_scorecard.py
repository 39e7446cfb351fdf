"""The scorecard: no pack does worse than the committed figures."""

import json
from pathlib import Path

import pytest

from cloudtrail_to_slack_dev.pack_files import PACKS
from cloudtrail_to_slack_dev.scorecard import CORPUS, FIGURES, MOST_ALERTS, Scores, alerts, main, scores, worse


@pytest.mark.long
def test_no_pack_does_worse_than_committed() -> None:
    """Rules, techniques and, where the corpus is there, alerts per 1,000 events are as committed, or better."""
    assert main([]) == 0


def test_rules_and_techniques_are_committed_as_they_are() -> None:
    """A pack that gains rules commits its new figures, so that losing them again is noticed."""
    committed = {name: (score["rules"], score["techniques"]) for name, score in json.loads(FIGURES.read_text()).items()}
    assert {name: (score["rules"], score["techniques"]) for name, score in scores(None).items()} == committed


def test_recommended_is_quiet_enough_in_the_committed_figures() -> None:
    """On a log that is like one of production the recommended pack makes fewer than 5 alerts per 1,000 events."""
    committed = json.loads(FIGURES.read_text())
    assert committed["recommended"]["alerts_per_1000"]["boogy_parser"] < MOST_ALERTS["recommended"]["boogy_parser"] == 5


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        ({}, "the pack recommended is gone"),
        ({"rules": 9, "techniques": 5}, "recommended: 9 rules, and there were 10"),
        ({"rules": 10, "techniques": 4}, "recommended: 4 techniques, and there were 5"),
        (
            {"rules": 10, "techniques": 5, "alerts_per_1000": {"boogy_parser": 1.1}},
            "recommended: 1.1 alerts per 1,000 events of boogy_parser, and there were 1.0",
        ),
        (
            {"rules": 10, "techniques": 5, "alerts_per_1000": {"boogy_parser": 5.0}},
            "recommended: 5.0 alerts per 1,000 events of boogy_parser; it must stay under 5",
        ),
    ],
)
def test_what_is_worse_is_named(now: dict[str, object], problem: str) -> None:
    """Fewer rules or techniques, more alerts, or a missing pack are each named."""
    committed: Scores = {"recommended": {"rules": 10, "techniques": 5, "alerts_per_1000": {"boogy_parser": 1.0}}}
    assert problem in worse({"recommended": now} if now else {}, committed)


def test_what_is_better_or_equal_is_no_problem() -> None:
    """More rules and fewer alerts are fine, and so are a new pack and a source without a figure."""
    committed: Scores = {"recommended": {"rules": 10, "techniques": 5, "alerts_per_1000": {"boogy_parser": 1.0}}}
    better: Scores = {
        "recommended": {"rules": 11, "techniques": 5, "alerts_per_1000": {"boogy_parser": 1.0, "other": 9.0}},
        "new": {"rules": 1, "techniques": 0},
    }
    assert worse(better, committed) == []


def test_without_a_corpus_nothing_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the corpus is not there, the rest is compared, and the output says what is missing."""
    assert main(["--corpus", str(tmp_path / "none.gz")]) == 0
    assert "alerts are not counted" in capsys.readouterr().out


def test_thresholds_count_in_the_scorecard() -> None:
    """A rule with a threshold alerts once, as in the function."""
    from cloudtrail_to_slack.events.event import read_event  # noqa: PLC0415 (only here)
    from cloudtrail_to_slack.rules.packs import pack_rules  # noqa: PLC0415 (only here)

    event = {
        "eventTime": "2026-03-14T09:30:12Z", "eventName": "GetSecretValue", "userIdentity": {"type": "IAMUser"},
        "eventSource": "secretsmanager.amazonaws.com",
    }  # fmt: skip
    events = [read_event({**event, "requestParameters": {"secretId": f"s{number}"}}) for number in range(20)]
    found = list(alerts(pack_rules("recommended", None), events))
    assert [[rule.id for rule in rules] for _, rules in found] == [["credential-access/secrets-read-by-user"]]


@pytest.mark.skipif(not CORPUS.is_file(), reason=f"the corpus of real events is not at {CORPUS}")
def test_every_large_source_has_figures() -> None:
    """The committed figures cover every source of the corpus with enough events for a rate."""
    committed = json.loads(FIGURES.read_text())
    assert all(set(score["alerts_per_1000"]) >= {"boogy_parser", "flaws_umccr", "otrf"} for score in committed.values())


def test_the_readme_states_the_committed_figures() -> None:
    """What the README says about `recommended` is what the scorecard measured."""
    score = json.loads(FIGURES.read_text())["recommended"]
    text = " ".join((PACKS.parent / "README.md").read_text(encoding="utf-8").split())
    rate = score["alerts_per_1000"]["boogy_parser"]
    assert f"{score['rules']} ready-made rules](docs/detections.md) for {score['techniques']} ATT&CK techniques" in text
    assert f"raised {rate:g} alerts per 1,000 events" in text
