"""Suggesting the narrowest ignore rule for an alert that should not have come, with proof of what it would suppress."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.rules import IgnoreRule
from cloudtrail_to_slack.rules.expressions.compile import parse_expression
from cloudtrail_to_slack.rules.lint.ignore_rules import loose_conditions
from cloudtrail_to_slack_cli.decisions import decide_ignore_rule
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.rule_tests.record_fields import set_field

_ISSUER = "userIdentity.sessionContext.sessionIssuer.arn"
_SESSION = re.compile(r"(arn:[a-z-]+:sts::\d{12}:assumed-role/[^/]+/)")
_RESOURCE = re.compile(r"requestParameters\.(?:\w+\.){0,3}\w*(?:name|arn|alias|identifier)$", re.IGNORECASE)
# What says who called, the best first. A session's own ARN ends with a name that the caller chooses.
_CALLERS = (
    _ISSUER, "userIdentity.arn", "userIdentity.invokedBy", "userIdentity.principalId", "userIdentity.accountId",
)  # fmt: skip
_MOST_RESOURCES = 3
_LONGEST = 300
_VALID = timedelta(days=90)
ATTACKS = "attacks.json"

Condition = tuple[str, str, object]  # the field, how it is compared, with what


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An ignore rule for one event: its conditions, and what is loose about it."""

    conditions: tuple[Condition, ...]
    warnings: tuple[str, ...]

    @property
    def expression(self) -> str:
        """The expression, in one line."""
        return " and ".join(map(_written, self.conditions))

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether it would ignore a record."""
        flat = read_event(dict(record)).flat
        return decide_ignore_rule(IgnoreRule(self.expression), flat, date.min).matches

    def as_yaml(self, today: date) -> str:
        """Return it as a rule file, with a reason and an expiry to fill in, and tests."""
        lines = [_written(condition) for condition in self.conditions]
        indented = "\n      and ".join(lines)
        return (
            "ignore_rules:\n"
            f"  - expression: >-\n      {indented}\n"
            '    reason: "TODO: why this is expected, and who says so"\n'
            f'    expires: "{today + _VALID}"\n'
            "    tests:\n"
            "      - name: the event that should not alert\n"
            f"        event: {_as_flow(self._event())}\n"
            "        expect: ignored\n"
            "      - name: the same call by another caller\n"
            f"        event: {_as_flow(self._event(without=self.conditions[0][0]))}\n"
            "        expect: no_match\n"
        )

    def _event(self, without: str | None = None) -> dict[str, Any]:
        """Return an event that has just the fields of the conditions."""
        event: dict[str, Any] = {}
        for field, operator, value in self.conditions:
            if field != without and value is not None:
                set_field(event, field.split("."), f"{value}session" if operator == "startswith" else value)
        return event


def suggest(event: Event, *, any_resource: bool = False) -> Suggestion:
    """Return the narrowest ignore rule for an event: this caller, this call, this result, and these resources.

    Raises:
        CommandError: the event does not say who the caller is.
    """
    conditions: list[Condition] = [_caller(event)]
    for field in ("eventSource", "eventName", "recipientAccountId", "errorCode"):
        value = event.flat.get(field)
        if isinstance(value, str):
            conditions.append((field, "==", value))
        elif value is None and field == "errorCode":
            conditions.append((field, "is", None))
    resources = [
        (field, "==", value)
        for field, value in event.flat.items()
        if _RESOURCE.fullmatch(field) and isinstance(value, str) and 0 < len(value) <= _LONGEST
    ]
    conditions += [] if any_resource else resources[:_MOST_RESOURCES]
    found = Suggestion(tuple(conditions), ())
    loose = tuple(message for _, message in loose_conditions(parse_expression(found.expression)))
    return Suggestion(found.conditions, loose)


def attack_samples() -> Sequence[dict[str, Any]]:
    """Return the events that the rules of the detection packs match, each with its `rule` and `name`."""
    samples: list[dict[str, Any]] = json.loads(files(__package__).joinpath(ATTACKS).read_text("utf-8"))
    return samples


def _caller(event: Event) -> Condition:
    """Return the condition that only this caller fulfils, on what no caller can choose."""
    texts = {field: value for field in _CALLERS if isinstance(value := event.flat.get(field), str) and value.strip()}
    session = _SESSION.match(texts.get("userIdentity.arn", ""))
    if session and _ISSUER not in texts:
        return "userIdentity.arn", "startswith", session[1]
    for field, value in texts.items():
        return field, "==", value
    raise CommandError(
        "the event does not say who made the call, so any ignore rule for it would ignore other callers too"
    )


def _written(condition: Condition) -> str:
    field, operator, value = condition
    read = f"event.get({_quoted(field)})"
    if operator == "startswith":
        return f"str({read}).startswith({_quoted(str(value))})"
    return f"{read} is None" if value is None else f"{read} == {_quoted(str(value))}"


def _quoted(text: str) -> str:
    """Return a string as Python writes it, in double quotes where that is simple."""
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else ascii(text)


def _as_flow(event: Mapping[str, Any]) -> str:
    """Return an event as JSON that is YAML, too: YAML knows no pairs of surrogates."""
    text = json.dumps(event, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda match: f"\\U{ord(match[0]):08X}", text)
