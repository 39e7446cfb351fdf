"""Why an event did or did not alert: one line at DEBUG for each record. See docs/troubleshooting.md."""

from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.observability.logging import id_to_log, logger
from cloudtrail_to_slack.rules import Evaluation, EventOutcome

UNMATCHED = Evaluation(EventOutcome.UNMATCHED)
_MESSAGE = "record evaluated"
_LONGEST_NAME = 200  # characters of a rule without an id, which goes by its expression, and of an event's name


def explain(event: Event, evaluation: Evaluation, candidates: int | None, source: LogFile | None) -> None:
    """Log what the rules say of an event.

    `candidates` are the rules that were evaluated, as bits; None: all.
    """
    ignored_by = evaluation.ignored_by
    facts: dict[str, object] = {
        "event_id": id_to_log(event.event_id),
        "event_name": event.name[:_LONGEST_NAME],
        "account": id_to_log(event.account or "unknown"),
        "outcome": evaluation.outcome.value,
        "matching_rules": [rule.name[:_LONGEST_NAME] for rule in evaluation.matched or evaluation.silenced],
        "ignored_by": ignored_by.name[:_LONGEST_NAME] if ignored_by else None,
        "ignore_reason": ignored_by.reason[:_LONGEST_NAME] if ignored_by and ignored_by.reason else None,
        "rules_that_raised": [problem.rule.name[:_LONGEST_NAME] for problem in evaluation.problems],
        "rules_evaluated": "all" if candidates is None else "candidates" if candidates else "none",
        "object": source.url if source else None,
    }
    logger.debug(_MESSAGE, extra=facts)


def explain_failed(reason: str, source: LogFile | None) -> None:
    """Log of a record that it could not be evaluated."""
    logger.debug(_MESSAGE, extra={"outcome": "failed", "reason": reason, "object": source.url if source else None})
