"""What Slack's error codes mean, and how to fix what they report.

Source: Slack API docs, chat.postMessage and chat.update, "Errors", and "Sending messages using incoming webhooks",
"Handling errors".
"""

import re
from collections.abc import Mapping
from http import HTTPStatus

from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    ParentGoneError,
    PayloadRejectedError,
    TransientError,
    UnknownRejectionError,
)

_CONTENT_CODES = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text", "invalid_payload",
     "too_many_attachments", "block_mismatch", "markdown_text_conflict", "invalid_arguments"}
)  # fmt: skip
_TRANSIENT_CODES = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "rollup_error", "team_added_to_org", "unexpected_answer"}
)  # fmt: skip
_CONFIGURATION_CODES = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "is_inactive", "invalid_auth", "not_authed", "token_revoked",
     "token_expired", "account_inactive", "missing_scope", "restricted_action", "channel_is_archived", "no_service",
     "no_service_id", "no_team", "team_disabled", "invalid_token", "action_prohibited", "user_not_found",
     "posting_to_general_channel_denied", "ekm_access_denied", "access_denied", "org_login_required", "no_permission",
     "team_access_not_granted", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
     "channel_type_not_supported", "messages_tab_disabled", "not_allowed_token_type", "enterprise_is_restricted",
     "two_factor_setup_required", "accesslimited"}
)  # fmt: skip
# The token is wrong or no longer valid.
TOKEN_CODES = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
# The thread accepts no reply; the channel may still accept a message.
THREAD_GONE_CODES = frozenset(
    {"thread_not_found", "cannot_reply_to_message", "message_not_found", "restricted_action_thread_locked",
     "restricted_action_non_threadable_channel"}
)  # fmt: skip
FIXES: Mapping[str, str] = {
    "channel_not_found": "check the channel's ID, and invite the bot if the channel is private",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or change the route",
    "channel_is_archived": "unarchive the channel, or change the route",
    "restricted_action": "allow the bot to post there",
    "missing_scope": "give the bot the scope chat:write",
    "no_service": "the webhook was removed: create a new one",
    "no_service_id": "the webhook was removed: create a new one",
    "invalid_token": "the webhook's address is wrong: create a new one",
    "http_404": "the webhook was removed: create a new one",
    "http_410": "the webhook's channel is gone: create a new one",
    "webhook_unreadable": "check that the function may read the secret, and that it holds a webhook's address",
    "action_prohibited": "allow the webhook to post there",
}
_CODE = re.compile(r"[a-z0-9_]+", re.ASCII)
_CODE_LENGTH = 60


def slack_error(code: str, status: int, retry_after: str | None) -> DeliveryError:
    """Return the error for Slack's `code`, the HTTP `status` and the header `Retry-After` (seconds)."""
    if not _CODE.fullmatch(code):  # a proxy's page may contain anything, so none of it is passed on
        code = "unexpected_answer" if status == HTTPStatus.OK else f"http_{status}"
    code = code[:_CODE_LENGTH]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientError("ratelimited", _seconds(retry_after))
    if code in _CONTENT_CODES:
        return PayloadRejectedError(code)
    if code in _TRANSIENT_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(code)
    if code in _CONFIGURATION_CODES or code.startswith("http_"):
        return DestinationMisconfiguredError(code)
    return ParentGoneError(code, certain=False) if code in THREAD_GONE_CODES else UnknownRejectionError(code)


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after or ""))
    except ValueError:
        return None
