"""JSON that a string of an event holds. Pure."""

import json
from typing import Any

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.expressions.limits import MAX_JSON


def json_loads(text: object) -> Any:  # noqa: ANN401 (JSON says anything)
    """Return the value of the JSON `text`; None: it is not a string or not JSON.

    Raises:
        RuleBudgetError: the text is longer than a rule may read, or nested too deeply.
    """
    if not isinstance(text, str):
        return None
    if len(text) > MAX_JSON:
        raise RuleBudgetError(f"json_loads of more than {MAX_JSON:,} characters")
    try:
        return json.loads(text)
    except RecursionError:
        raise RuleBudgetError("json_loads of a string that is nested too deeply") from None
    except ValueError:
        return None
