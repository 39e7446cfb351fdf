"""Whether the role may do what the function must do.

The statements of the role's own policies are read. Boundaries, service control policies and conditions are not.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from cloudtrail_to_slack.config.settings import Settings
from cloudtrail_to_slack_cli.doctor.deployment import Deployment, as_list
from cloudtrail_to_slack_cli.doctor.finding import Finding, ok, problem

AREA = "permissions"


def check_permissions(deployment: Deployment) -> Iterator[Finding]:
    """Yield a finding for each thing that the role may not do."""
    settings = deployment.usable_settings
    missing = [each for each in _needed(deployment, settings) if not allows(deployment.statements, *each)]
    for action, resource in missing:
        yield problem(AREA, f"the role may not {action} on {resource}", "apply the module again, or allow it")
    if not missing:
        yield ok(AREA, "the role's policies allow what the function does")


def allows(statements: list[Mapping[str, Any]], action: str, resource: str) -> bool:
    """Whether statements allow an action on a resource: one allows it, and none denies it."""
    effects = {
        statement.get("Effect")
        for statement in statements
        if any(fnmatchcase(action.lower(), str(each).lower()) for each in as_list(statement.get("Action")))
        and any(fnmatchcase(resource, str(each)) for each in as_list(statement.get("Resource")))
    }
    return effects == {"Allow"}


def _needed(deployment: Deployment, settings: Settings | None) -> Iterator[tuple[str, str]]:
    parts = deployment.function["FunctionArn"].split(":")
    partition, region, account = parts[1], parts[3], parts[4]
    place = deployment.bucket_and_prefix
    if place is None:
        yield "s3:GetObject", "the log files"
    log_group = f"arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{deployment.function['FunctionName']}"
    yield "logs:PutLogEvents", f"{log_group}:log-stream:any"
    if dead_letters := deployment.function.get("DeadLetterConfig", {}).get("TargetArn"):
        yield ("sns:Publish" if ":sns:" in dead_letters else "sqs:SendMessage"), dead_letters
    if settings is None:
        return
    if settings.table_name:
        table = f"arn:{partition}:dynamodb:{region}:{account}:table/{settings.table_name}"
        for action in ("PutItem", "UpdateItem", "DeleteItem"):
            yield f"dynamodb:{action}", table
    for topic in sorted(settings.config.sns.addresses()):
        yield "sns:Publish", topic
    # With the bot, webhooks are not read.
    routes = () if settings.slack_bot_token else settings.config.slack_webhook_routes
    references = dict.fromkeys(source for _, source in routes)
    for source in (settings.slack_bot_token, settings.slack_webhook_url, settings.slack_webhook_routes, *references):
        if source and source.kind == "secretsmanager":
            yield "secretsmanager:GetSecretValue", source.reference
        elif source and source.kind == "ssm":
            name = source.reference
            arn = f"arn:{partition}:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
            yield "ssm:GetParameter", name if name.startswith("arn:") else arn
