"""What is said on top of an alert whose own route cannot be used: which route it is, and how to mend it. Pure."""

from collections.abc import Mapping, Sequence

from cloudtrail_to_slack.delivery.routing import Kind, Target
from cloudtrail_to_slack.destinations.slack.render.text import code

_ACCOUNTS_SHOWN = 3
# Source: Slack API docs, chat.postMessage and incoming webhooks, "Errors"; Amazon SNS API Reference, Publish, "Errors".
_HOW_TO_MEND: Mapping[str, str] = {
    "channel_not_found": "check the channel's id, and invite the bot if the channel is private",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or route elsewhere",
    "channel_is_archived": "unarchive the channel, or route elsewhere",
    "restricted_action": "let the bot post there",
    "missing_scope": "give the bot the scope chat:write",
    "no_service": "the webhook was removed: make a new one",
    "no_service_id": "the webhook was removed: make a new one",
    "invalid_token": "the webhook's address is wrong: make a new one",
    "http_404": "the webhook was removed: make a new one",
    "http_410": "the webhook's channel is gone: make a new one",
    "webhook_unreadable": "check that the function may read the secret, and that it holds a webhook's address",
    "action_prohibited": "let the webhook post there",
    "NotFound": "the topic does not exist: check its ARN",
    "NotFoundException": "the topic does not exist: check its ARN",
    "AuthorizationError": "allow the function's role to publish to the topic",
    "AuthorizationErrorException": "allow the function's role to publish to the topic",
}


def route_problem(target: Target, accounts: Sequence[str], fault: str, *, markup: bool = True) -> str:
    """Return the line for an alert that was meant for `target`, the route of `accounts`; `fault` is the error's code.

    A webhook's address is a secret and not in it. `markup`: for Slack; else plain text.
    """

    def quoted(text: str) -> str:
        return code(text, 200) if markup else text

    where = {
        Kind.SLACK_APP: f"channel {quoted(target.address)}",
        Kind.SLACK_WEBHOOK: "its webhook",
        Kind.SNS: f"topic {quoted(target.address)}",
    }[target.kind]
    shown = ", ".join(map(quoted, accounts[:_ACCOUNTS_SHOWN])) + (" and others" if accounts[_ACCOUNTS_SHOWN:] else "")
    route = f"the route of {'account' if len(accounts) == 1 else 'accounts'} {shown}"
    how = _HOW_TO_MEND.get(fault, "see the destination's documentation for that error")
    mark = ":construction: " if markup else ""
    return f"{mark}Here by default: {route} is broken, {where} answers {quoted(fault)}. To mend it: {how}."
