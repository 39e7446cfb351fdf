"""Everything as one JSON document, which `diff` reads again."""

import json
from typing import IO

from cloudtrail_to_slack_cli.backtest.report import Report, as_json


def write_json(out: IO[str], report: Report) -> None:
    """Write the document; there may be more alerts than the memory holds, so they come one by one."""
    out.write(json.dumps(as_json(report), indent=2).removesuffix("\n}"))
    out.write(',\n  "alerts": [')
    for number, outcome in enumerate(report.outcomes()):
        out.write(f"{',' if number else ''}\n    {outcome.decode()}")
    out.write("\n  ]\n}\n")
