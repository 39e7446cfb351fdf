"""Check that the function runs, that its configuration and table can be used, and that its role may do its work."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from cloudtrail_to_slack.config.settings import Settings
from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack_cli.doctor.deployment import Deployment, as_list
from cloudtrail_to_slack_cli.doctor.finding import Finding, found, ok, problem, warning


def check_function(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with the function itself."""
    area, function = "function", deployment.function
    state, update = function.get("State", "Active"), function.get("LastUpdateStatus", "Successful")
    if state not in ("Active", "Inactive"):
        reason = function.get("StateReason", "AWS gives no reason")
        yield problem(area, f"{function['FunctionName']} is {state}: {reason}", "remove the cause and apply again")
    elif update == "Failed":
        reason = function.get("LastUpdateStatusReason", "AWS gives no reason")
        yield problem(area, f"its last update failed: {reason}", "remove the cause and apply again")
    else:
        yield ok(area, f"{function['FunctionName']} is {state.lower()}, {function.get('Runtime', 'unknown runtime')}")
    reserved = deployment.client("lambda").get_function_concurrency(FunctionName=deployment.name)
    if reserved.get("ReservedConcurrentExecutions") == 0:
        yield problem(area, "its reserved concurrency is 0: it cannot run", "raise it, or remove the reservation")


def check_configuration(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with config.json and the environment variables."""
    area = "configuration"
    try:
        settings = deployment.settings
    except ConfigurationError as error:
        yield problem(area, f"the function cannot start: {error}", "correct the configuration and apply")
        return
    for issue in settings.config.rule_issues:
        yield problem(area, str(issue), "correct the rule and apply; `cloudtrail-to-slack check` shows the place")
    if not settings.config.rule_issues:
        yield ok(area, f"{len(settings.config.rules):,} rules can be used")


def check_table(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with the state table."""
    area, settings = "state table", deployment.usable_settings
    name = settings.table_name if settings else deployment.environment.get("DYNAMODB_TABLE_NAME")
    if not name:
        what = "there is none: deliveries may repeat, and threads end with the invocation"
        yield warning(area, what, "set up a table")
        return
    dynamodb = deployment.client("dynamodb")
    answer = found(lambda: dynamodb.describe_table(TableName=name), "ResourceNotFoundException")
    if answer is None:
        yield problem(area, f"there is no table {name}", "apply the module again, or correct dynamodb_table_name")
        return
    keys = [(key["AttributeName"], key["KeyType"]) for key in answer["Table"]["KeySchema"]]
    types = {each["AttributeName"]: each["AttributeType"] for each in answer["Table"]["AttributeDefinitions"]}
    live = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if keys != [("pk", "HASH")] or types.get("pk") != "S":
        yield problem(area, f"{name} has another key than the string `pk`", "create a table with the partition key pk")
    elif live.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or live.get("AttributeName") != "expires_at":
        yield warning(area, f"{name} never deletes expired items", "enable time to live on the attribute expires_at")
    else:
        yield ok(area, f"{name} can be used")


def check_permissions(deployment: Deployment) -> Iterator[Finding]:
    """Yield a finding for each thing that the role may not do.

    The statements of the role's own policies are read. Boundaries, service control policies and conditions are not.
    """
    area = "permissions"
    settings = deployment.usable_settings
    missing = [each for each in _needed(deployment, settings) if not allows(deployment.statements, *each)]
    for action, resource in missing:
        yield problem(area, f"the role may not {action} on {resource}", "apply the module again, or allow it")
    if not missing:
        yield ok(area, "the role's policies allow what the function does")


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
    if dead_letters := deployment.dead_letter_target:
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
