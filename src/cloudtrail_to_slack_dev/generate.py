"""Write generated files: the JSON Schema of rule files, tables in docs/rules.md, and detection packs."""

import json
from pathlib import Path

from cloudtrail_to_slack.rules.model import IgnoreRule, Rule
from cloudtrail_to_slack_dev.attack_samples import ATTACK_SAMPLES, attack_samples
from cloudtrail_to_slack_dev.pack_docs import detections_page
from cloudtrail_to_slack_dev.pack_files import data_files
from cloudtrail_to_slack_dev.rule_schema import field_table, json_schema

_ROOT = Path(__file__).resolve().parents[2]


def generated() -> dict[Path, str]:
    """Return the text that each generated file must have."""
    page = _ROOT / "docs" / "rules.md"
    text = page.read_text()
    for marker, shape in (("rule-fields", Rule), ("ignore-rule-fields", IgnoreRule)):
        begin, end = f"<!-- {marker} -->\n", f"\n<!-- /{marker} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{field_table(shape)}{end}{rest.partition(end)[2]}"
    return {
        _ROOT / "src" / "cloudtrail_to_slack" / "rules" / "rule_file_schema.json": json.dumps(json_schema(), indent=2)
        + "\n",
        page: text,
        _ROOT / "docs" / "detections.md": detections_page(),
        **data_files(),
        ATTACK_SAMPLES: attack_samples(),
    }


if __name__ == "__main__":
    for path, content in generated().items():
        path.write_text(content)
