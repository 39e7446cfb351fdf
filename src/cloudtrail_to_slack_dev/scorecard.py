"""How the detection packs do: rules, ATT&CK techniques, and alerts on real logs, compared with the committed figures.

    python -m cloudtrail_to_slack_dev.scorecard [--write] [--corpus FILE]

The figures are in `packs/scorecard.json`. A pack does worse when it loses rules or techniques, or makes more alerts per
1,000 events of a source. The corpus is a file of lines such as {"source": …, "event": …}; it is not part of the
project, and where it is missing only rules and techniques are compared.
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.rules import Rule, RuleSet
from cloudtrail_to_slack.rules.packs import pack_names, pack_rules
from cloudtrail_to_slack.rules.thresholds import MemoryCounts, ThresholdCounter
from cloudtrail_to_slack_dev.pack_files import PACKS, ROOT

FIGURES = PACKS / "scorecard.json"
CORPUS = ROOT.parent / "shared" / "corpus" / "events.jsonl.gz"
FUNCTION_NAME = "cloudtrail-to-slack"
# What `recommended` may not exceed on a log that looks like production.
MOST_ALERTS = {"recommended": {"boogy_parser": 5.0}}
_SMALLEST_SOURCE = 20  # events; of fewer a rate says nothing

Scores = dict[str, dict[str, Any]]


def scores(corpus: Path | None) -> Scores:
    """Return the figures of each pack; without a corpus those that need none."""
    events = _events(corpus) if corpus else {}
    return {name: _score(pack_rules(name, FUNCTION_NAME), events) for name in pack_names()}


def alerts(rules: Sequence[Rule], events: Sequence[Event]) -> Iterator[tuple[Event, tuple[Rule, ...]]]:
    """Yield the events that alert, with the rules that do, as the function would in one invocation."""
    engine, counter = RuleSet(rules, []), ThresholdCounter(MemoryCounts())
    today = datetime.now(UTC).date()
    for event in events:
        matched = engine.evaluate(event.flat, today).matched
        time = event.time.timestamp() if event.time else 0.0
        reached = counter.reached(matched, event.flat, time, partial(_identity, event))
        if reached:
            yield event, reached


def worse(now: Scores, committed: Scores) -> list[str]:
    """Return what is worse than the committed figures, or worse than it may be, in sentences."""
    found = [f"the pack {name} is gone" for name in committed if name not in now]
    for name, score in now.items():
        before = committed.get(name, {})
        found += [
            f"{name}: {score[figure]} {figure}, and there were {before[figure]}"
            for figure in ("rules", "techniques")
            if score[figure] < before.get(figure, 0)
        ]
        for source, rate in score.get("alerts_per_1000", {}).items():
            most = before.get("alerts_per_1000", {}).get(source)
            if most is not None and rate > most:
                found.append(f"{name}: {rate} alerts per 1,000 events of {source}, and there were {most}")
            limit = MOST_ALERTS.get(name, {}).get(source)
            if limit is not None and rate >= limit:
                found.append(f"{name}: {rate} alerts per 1,000 events of {source}; it must stay under {limit:g}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the figures; return 1 where one is worse than the committed one, else 0."""
    parser = argparse.ArgumentParser(prog="scorecard", description="How the detection packs do.")
    parser.add_argument("--write", action="store_true", help="commit these figures: write packs/scorecard.json")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="real events; by default ../shared/corpus")
    options = parser.parse_args(arguments)
    corpus = options.corpus if options.corpus.is_file() else None
    committed = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    now = scores(corpus)
    _print(now)
    if corpus is None:
        print(f"no corpus at {options.corpus}: alerts are not counted")
    if options.write:
        kept = now if corpus else {name: {**committed.get(name, {}), **score} for name, score in now.items()}
        FIGURES.write_text(json.dumps(kept, indent=2) + "\n")
        return 0
    problems = worse(now, committed)
    print(*(f"worse: {problem}" for problem in problems), sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


def _score(rules: Sequence[Rule], events: Mapping[str, Sequence[Event]]) -> dict[str, Any]:
    score: dict[str, Any] = {
        "rules": len(rules),
        "techniques": len({technique for rule in rules for technique in rule.mitre}),
    }
    if events:
        score["alerts_per_1000"] = {
            source: round(1000 * sum(1 for _ in alerts(rules, of_source)) / len(of_source), 2)
            for source, of_source in events.items()
        }
    return score


def _events(corpus: Path) -> dict[str, list[Event]]:
    """Return the events of each source of the corpus that has enough of them."""
    found: dict[str, list[Event]] = {}
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            found.setdefault(entry["source"], []).append(read_event(entry["event"]))
    sizes = Counter({source: len(events) for source, events in found.items()})
    return {source: found[source] for source, size in sizes.most_common() if size >= _SMALLEST_SOURCE}


def _identity(event: Event) -> str:
    return identity_digest(event_identity(event))


def _print(found: Scores) -> None:
    sources = list(next(iter(found.values())).get("alerts_per_1000", {}))
    print("alerts per 1,000 events of each source:" if sources else "", end="\n" if sources else "")
    print(f"{'pack':<28}{'rules':>6}{'techniques':>12}" + "".join(f"{source:>20}" for source in sources))
    for name, score in found.items():
        rates = "".join(f"{score['alerts_per_1000'][source]:>20.2f}" for source in sources)
        print(f"{name:<28}{score['rules']:>6}{score['techniques']:>12}{rates}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
