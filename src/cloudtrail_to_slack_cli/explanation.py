"""An explanation of a decision: for people as lines of text, for programs as one object."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.destinations.sns.render import alert_to_sns
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack_cli.decisions import EventDecision, RuleDecision, slack_message
from cloudtrail_to_slack_cli.slack_display.terminal_text import message_lines
from cloudtrail_to_slack_cli.terminal import line
from cloudtrail_to_slack_cli.tracing import Step, deciding, shown, trace

_MARKS = {"match": "✔", "no_match": "·", "error": "!", "expired": "x"}
_STYLES = {"match": "bold green", "no_match": "dim", "error": "bold red", "expired": "dim"}


def explanation_lines(decision: EventDecision, config: Config, rule: str | None = None) -> Iterator[Text]:
    """Yield the explanation in lines; `rule` is the only one to show, None: all of them."""
    yield line("The event, as rules see it", "bold")
    for key, value in sorted(decision.event.flat.items()):
        yield line(f"  {key} = {shown(value, 200)}")
    yield Text()
    for heading, decisions in (("Rules", decision.rules), ("Ignore rules", decision.ignore_rules)):
        chosen = _chosen(decisions, rule)
        if chosen:
            yield line(heading, "bold")
            for each in chosen:
                yield from _rule(each, decision.event.flat)
            yield Text()
    yield line("Decision", "bold")
    yield from (line(f"  {text}") for text in _decided(decision))
    yield from _messages(decision, config)


def _chosen(decisions: Sequence[RuleDecision], rule: str | None) -> list[RuleDecision]:
    return [each for each in decisions if rule in (None, each.rule.name)]


def _messages(decision: EventDecision, config: Config) -> Iterator[Text]:
    """Yield where an alert goes, and what is sent."""
    alert = decision.alert
    if alert is None:
        return
    yield Text()
    yield line("Where it goes" if decision.word == "alert" else "Where it would go", "bold")
    yield from (line(f"  {text}") for text in destinations(decision, config))
    yield Text()
    yield line("Slack", "bold")
    yield from (Text("  ") + each for each in message_lines(slack_message(alert, config)))
    yield Text()
    yield line("SNS", "bold")
    message = alert_to_sns(alert, key="")
    yield line(f"  {message.subject}")
    for text in json.dumps(json.loads(message.body), indent=2, ensure_ascii=False).split("\n"):
        yield line(f"  {text}")


def explanation_object(decision: EventDecision, config: Config, rule: str | None = None) -> dict[str, Any]:
    """Return the explanation as one object."""
    alert = decision.alert
    ignored_by = decision.evaluation.ignored_by
    slack = slack_message(alert, config) if alert else None
    sns = alert_to_sns(alert, key="") if alert else None
    flat = decision.event.flat
    return {
        "event": dict(flat),
        "decision": decision.word,
        "rules": [_as_object(each, flat) for each in _chosen(decision.rules, rule)],
        "ignore_rules": [_as_object(each, flat) for each in _chosen(decision.ignore_rules, rule)],
        "thresholds": decision.thresholds,
        "ignored_by": ignored_by.name if ignored_by else None,
        "ignore_reason": ignored_by.reason if ignored_by else None,
        "destinations": destinations(decision, config) if alert else [],
        "slack": {"text": slack.text, "blocks": slack.whole.blocks} if slack else None,
        "sns": {"subject": sns.subject, "body": json.loads(sns.body)} if sns else None,
    }


def destinations(decision: EventDecision, config: Config) -> list[str]:
    """Return where the alert goes, in words: route, fallback, thread."""
    account, alert = decision.event.account, decision.alert
    severity = alert.severity if alert else None
    found = list(_slack(config, account, alert))
    topic = config.sns.for_account(account, severity)
    if topic:
        found.append(f"SNS: {topic} ({_why(config.sns, account, topic)})")
    return found


def _slack(config: Config, account: str | None, alert: Alert | None) -> Iterator[str]:
    if not config.slack:
        yield "Slack: the configuration names no channel; webhooks are secrets and not part of it"
        return
    channel = config.slack.for_account(account, alert.severity if alert else None)
    if channel is None:
        yield f"Slack: no route names account {account or 'unknown'}, and there is no default channel"
        return
    yield f"Slack: channel {channel} ({_why(config.slack, account, channel)})"
    if config.slack.default and config.slack.default != channel:
        yield f"Slack: if that channel cannot be used, the default channel {config.slack.default}"
    if alert and alert.fingerprint:
        seconds = config.dynamodb_time_to_live
        yield f"Slack: alerts like it within {seconds:,} seconds share a thread (fingerprint {alert.fingerprint[:12]})"
    elif alert:
        yield "Slack: a message of its own, because too little is known of the caller for a thread"


def _why(routes: Routes, account: str | None, address: str) -> str:
    if address != routes.for_account(account):
        return "a route for alerts of this severity"
    return f"the route of account {account}" if account in routes.by_account else "the default"


def _rule(decision: RuleDecision, flat: Mapping[str, Any]) -> Iterator[Text]:
    word = decision.word
    rule = decision.rule
    name = line(" ".join(rule.name.split()), "bold" if word == "match" else "")
    yield line(f"  {_MARKS[word]} ", _STYLES[word]) + name + line(f" ({word})", "dim")
    if decision.expired:
        yield line("      it has expired, so it is not evaluated")
        return
    if decision.error:
        yield line(f"      {decision.error}", "red")
    step = trace(rule.expression, flat)
    yield from _tree(step, deciding(step), 6)


def _tree(step: Step, decided: Step, indent: int) -> Iterator[Text]:
    """Yield a part and its parts, each with its value; the one that decided is marked."""
    value = step.shown if step.error else f"is {step.shown}"
    style = "red" if step.error else "green" if step.value is True else "yellow"
    mark = line(" <- decided", "bold") if step is decided else Text()
    yield line(f"{' ' * indent}{step.source} ") + line(value, style) + mark
    for key, read in step.reads:
        yield line(f'{" " * indent}  "{key}" is {read}', "dim")
    for part in step.parts:
        yield from _tree(part, decided, indent + 2)


def _decided(decision: EventDecision) -> Iterator[str]:
    names = ", ".join(" ".join(rule.name.split()) for rule in decision.matching_rules)
    if decision.word == "alert":
        yield f"it alerts: {names}"
        yield from decision.thresholds
    elif ignored_by := decision.ignored_by:
        reason = f", because: {ignored_by.reason}" if ignored_by.reason else ", without a reason"
        yield f"it is ignored by {ignored_by.name}{reason}"
        yield f"otherwise it would alert: {names}"
    else:
        yield "it does not alert: no rule matches"
    for problem in decision.evaluation.problems:
        yield f"reported as a rule error: {problem.rule.name}: {problem.detail}"


def _as_object(decision: RuleDecision, flat: Mapping[str, Any]) -> dict[str, Any]:
    rule = decision.rule
    step = trace(rule.expression, flat)
    return {
        "rule": rule.name,
        "result": decision.word,
        "error": decision.error,
        "decided_by": deciding(step).source,
        "trace": _step(step),
        **({"severity": rule.severity.word} if isinstance(rule, Rule) else {"reason": rule.reason}),
    }


def _step(step: Step) -> dict[str, Any]:
    value = step.value if isinstance(step.value, bool | int | float | str | None) else repr(step.value)
    return {
        "source": step.source,
        "value": value,
        **({"error": step.error} if step.error else {}),
        **({"reads": dict(step.reads)} if step.reads else {}),
        **({"parts": [_step(part) for part in step.parts]} if step.parts else {}),
    }
