"""Check that alerts can be sent: topics, the bot's token, scope and channels, webhooks; send test alerts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError
from slack_sdk.errors import SlackApiError, SlackClientError

from cloudtrail_to_slack.aws.errors import error_code
from cloudtrail_to_slack.config.routes import Routes, parse_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretSource
from cloudtrail_to_slack.config.settings import Settings
from cloudtrail_to_slack.config.webhooks import problem_of_list
from cloudtrail_to_slack.destinations.slack.client import SlackClient
from cloudtrail_to_slack.errors import SecretError
from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack_cli.doctor.deployment import Deployment
from cloudtrail_to_slack_cli.doctor.finding import Finding, found, ok, problem, unknown

Answer = tuple[Mapping[str, Any], Mapping[str, str]]  # of Slack: its data and headers
_TIMEOUT_SECONDS = 10
_SCOPE = "chat:write"
TEST_TEXT = "TEST: cloudtrail-to-slack doctor checks that alerts for {accounts} arrive here. Nothing has happened."
_FIXES: Mapping[str, str] = {
    "not_in_channel": "invite the bot to the channel: /invite @its-name",
    "channel_not_found": "correct the channel ID, or invite the bot if the channel is private",
    "is_archived": "route to a channel that is not archived",
    "invalid_auth": "store the bot token that Slack shows under OAuth & Permissions",
    "token_revoked": "install the Slack app again and store its new token",
    "account_inactive": "install the Slack app again and store its new token",
    "not_authed": "store the bot token that Slack shows under OAuth & Permissions",
    "missing_scope": f"give the Slack app the scope {_SCOPE} and install it again",
    "no_service": "create a new webhook and store its address",
    "NotFound": "create the topic, or correct the route",
    "AuthorizationError": "allow yourself sns:Publish to send a test alert",
}


class SlackRefusedError(Exception):
    """Slack refuses what was asked; its text is Slack's word for why."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where alerts of some accounts go: `address` is a channel's ID, a topic's ARN, or words for a webhook."""

    kind: str
    address: str
    accounts: str
    source: SecretSource | None = None


def check_topics(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with the topics that alerts are routed to."""
    for route in _routes(deployment):
        if route.kind == "sns":
            sns = deployment.session.client("sns", region_name=route.address.split(":")[3])
            answer = found(partial(sns.get_topic_attributes, TopicArn=route.address), "NotFound", "NotFoundException")
            if answer is None:
                yield problem("topics", f"there is no topic {route.address}", _FIXES["NotFound"])
            elif not any(
                each["SubscriptionArn"].startswith("arn:")
                for each in sns.list_subscriptions_by_topic(TopicArn=route.address)["Subscriptions"]
            ):
                fix = "subscribe, and confirm the subscription"
                yield problem("topics", f"{route.address} has no confirmed subscription", fix)
            else:
                yield ok("topics", f"{route.address} has subscriptions")


def check_slack(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with the bot's token, its scope and its channels, or with the webhooks' secrets."""
    settings = deployment.usable_settings
    if settings is None:
        return
    try:
        if settings.slack_bot_token:
            yield from _bot(deployment, settings)
        else:
            for route in _routes(deployment):
                if route.source:
                    deployment.secrets.read(route.source)
                    yield ok("slack", f"the webhook of {route.accounts} can be read")
    except SecretError as error:
        yield problem("slack", str(error), "store the value, and allow yourself and the function to read it")


def _bot(deployment: Deployment, settings: Settings) -> Iterator[Finding]:
    call = partial(_call, deployment, settings)
    try:
        answer, headers = call("auth.test")
    except SlackRefusedError as error:
        fix = _FIXES.get(str(error), "see Slack's documentation")
        yield problem("slack", f"Slack refuses the bot token: {error}", fix)
        return
    except OSError as error:
        yield unknown("slack", f"Slack cannot be reached: {type(error).__name__}", "check your network")
        return
    yield ok("slack", f"the token belongs to the bot {answer.get('user')} of {answer.get('team')}")
    scopes = headers.get("x-oauth-scopes")
    if scopes is not None and _SCOPE not in [scope.strip() for scope in scopes.split(",")]:
        yield problem("slack", f"the bot lacks the scope {_SCOPE}", _FIXES["missing_scope"])
    for route in _routes(deployment):
        if route.kind == "bot":
            yield _channel(call, route)


def _channel(call: Callable[..., Answer], route: Route) -> Finding:
    area, name = "slack", f"channel {route.address} ({route.accounts})"
    try:
        channel = mapping(call("conversations.info", channel=route.address)[0].get("channel"))
    except SlackRefusedError as error:
        code = str(error)
        if code == "missing_scope":
            fix = "use --send-test, or give the Slack app the scopes channels:read and groups:read"
            return unknown(area, f"whether the bot is in {name} cannot be seen without a scope for it", fix)
        return problem(area, f"{name}: {code}", _FIXES.get(code, "see Slack's documentation"))
    except OSError as error:
        return unknown(area, f"{name}: Slack cannot be reached ({type(error).__name__})", "check your network")
    if channel.get("is_archived"):
        return problem(area, f"{name} is archived", _FIXES["is_archived"])
    if not channel.get("is_member"):
        return problem(area, f"the bot is not in {name}", _FIXES["not_in_channel"])
    return ok(area, f"the bot is in {name}")


def send_tests(deployment: Deployment) -> Iterator[Finding]:
    """Send a marked test alert through each route, from here, with the function's secrets; yield how it went."""
    area, settings = "test alert", deployment.usable_settings
    if settings is None:
        return
    for route in _routes(deployment):
        text = TEST_TEXT.format(accounts=route.accounts)
        try:
            _send(deployment, settings, route, text)
        except SlackRefusedError as error:
            code = str(error)
            yield problem(area, f"{route.address}: Slack answers {code}", _FIXES.get(code, "see Slack's documentation"))
        except ClientError as error:
            code = error_code(error)
            yield problem(area, f"{route.address}: SNS answers {code}", _FIXES.get(code, "see SNS's documentation"))
        except SecretError as error:
            yield problem(area, str(error), "store the value, and allow yourself and the function to read it")
        except (BotoCoreError, OSError) as error:  # requests' errors are OSErrors
            yield unknown(area, f"{route.address} cannot be reached ({type(error).__name__})", "check your network")
        else:
            yield ok(area, f"sent to {route.address} ({route.accounts})")
    for name in settings.config.destinations:
        yield unknown(area, f"{name}: test alerts are sent to Slack and SNS alone", "wait for its next alert")


def _send(deployment: Deployment, settings: Settings, route: Route, text: str) -> None:
    if route.kind == "sns":
        sns = deployment.session.client("sns", region_name=route.address.split(":")[3])
        group = {"MessageGroupId": "doctor", "MessageDeduplicationId": "doctor"}
        fifo: dict[str, Any] = group if route.address.endswith(".fifo") else {}
        sns.publish(TopicArn=route.address, Message=text, Subject="TEST: cloudtrail-to-slack", **fifo)
    elif route.kind == "bot":
        _call(deployment, settings, "chat.postMessage", channel=route.address, text=text)
    elif route.source:
        url = deployment.secrets.read(route.source)
        answer = requests.post(url, json={"text": text}, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        if answer.text.strip() != "ok":
            raise SlackRefusedError(answer.text[:80] or f"http_{answer.status_code}")


def _call(deployment: Deployment, settings: Settings, method: str, **arguments: str) -> Answer:
    """Call a method of Slack's API.

    Raises:
        SlackRefusedError, OSError: Slack refuses, or cannot be reached.
    """
    token = deployment.secrets.read(settings.slack_bot_token) if settings.slack_bot_token else ""
    try:
        answer = SlackClient(settings.slack_api_url, token, _TIMEOUT_SECONDS).api_call(method, data=arguments)
    except SlackApiError as error:
        data = mapping(error.response.data)
        raise SlackRefusedError(str(data.get("error") or f"http_{error.response.status_code}")) from None
    except SlackClientError as error:
        raise ConnectionError(type(error).__name__) from None
    return mapping(answer.data), {name.lower(): value for name, value in answer.headers.items()}


def _routes(deployment: Deployment) -> Iterator[Route]:
    """Yield each address once, with the accounts that are routed to it."""
    settings = deployment.usable_settings
    if settings is None:
        return
    bot = settings.slack_bot_token
    for kind, routes in (("bot", settings.config.slack if bot else Routes()), ("sns", settings.config.sns)):
        by_address: dict[str, list[str]] = {routes.default: ["all other accounts"]} if routes.default else {}
        for account, route in routes.by_account.items():
            by_address.setdefault(route.address, []).append(account)
        for least, route in routes.by_severity:
            by_address.setdefault(route.address, []).append(f"alerts from {least.word} on")
        for address, accounts in by_address.items():
            yield Route(kind, address, _accounts(accounts))
    if not bot:
        yield from _webhook_routes(deployment, settings)


def _webhook_routes(deployment: Deployment, settings: Settings) -> Iterator[Route]:
    if settings.slack_webhook_url:
        yield Route("webhook", "the default webhook", "all other accounts", settings.slack_webhook_url)
    secret = settings.slack_webhook_routes
    listed = (
        parse_webhook_routes(deployment.secrets.read(secret, problem_of_list), secret.variable)[0] if secret else []
    )
    by_source: dict[SecretSource, list[str]] = {}
    named: set[str] = set()
    for route, source in (*listed, *settings.config.slack_webhook_routes):
        if route.least is not None:
            by_source.setdefault(source, []).append(f"alerts from {route.least.word} on")
        elif new := [account for account in route.accounts if account not in named]:
            by_source.setdefault(source, []).extend(new)
            named.update(new)
    for source, accounts in by_source.items():
        yield Route("webhook", f"the webhook of {_accounts(accounts)}", _accounts(accounts), source)


def _accounts(accounts: list[str]) -> str:
    shown = ", ".join(accounts[:3])
    return shown if len(accounts) <= 3 else f"{shown} and {len(accounts) - 3} more"  # noqa: PLR2004 (as many as above)
