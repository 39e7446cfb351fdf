"""Check that the function runs, and that its configuration and state table can be used."""

from collections.abc import Iterator

from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack_cli.doctor.deployment import Deployment
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
