"""The events that the rules of the detection packs match, from the tests in them, for the command line to ship."""

import json
from collections.abc import Iterator
from pathlib import Path

from cloudtrail_to_slack_cli import suggestion
from cloudtrail_to_slack_cli.rule_files.rule_file import read_rule_file
from cloudtrail_to_slack_cli.rule_tests.cases import cases_of
from cloudtrail_to_slack_dev.pack_files import PACKS

ATTACK_SAMPLES = Path(suggestion.__file__).with_name(suggestion.ATTACKS)


def attack_samples() -> str:
    """Return them as JSON, one a line: the rule, the name of the test, and the event."""
    lines = (json.dumps(sample, sort_keys=True) for sample in _samples())
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _samples() -> Iterator[dict[str, object]]:
    for path in sorted(PACKS.glob("*.yaml")):
        file = read_rule_file(str(path))
        for entry in file.entries:
            for case in cases_of(file, entry):
                if case.expect == "match" and case.event is not None:
                    yield {"rule": entry.name, "name": case.name, "event": case.event}
