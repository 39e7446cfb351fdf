"""The fields of CloudTrail records, as its documentation lists them, and how a rule reads them. Pure."""

from __future__ import annotations

import ast

from cloudtrail_to_slack.rules.expressions.syntax import field_read, is_event, string_constant

# In some records these are strings or null, in others objects.
SOMETIMES_LEAVES = frozenset({"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"})
# Fields with fields of their own, which are not leaves of an event.
CONTAINERS = SOMETIMES_LEAVES | {
    "userIdentity", "tlsDetails", "insightDetails", "resources", "addendum", "edgeDeviceDetails", "eventContext",
}  # fmt: skip
LEAVES = frozenset(
    {"eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode",
     "errorMessage", "requestID", "eventID", "eventType", "apiVersion", "managementEvent", "readOnly",
     "recipientAccountId", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory",
     "sessionCredentialFromConsole"}
)  # fmt: skip
OF_USER_IDENTITY = frozenset(
    {"type", "userName", "principalId", "arn", "accountId", "accessKeyId", "sessionContext", "invokedBy",
     "invokedByDelegate", "identityProvider", "onBehalfOf", "credentialId", "inScopeOf", "identityId"}
)  # fmt: skip
OF_SESSION_CONTEXT = frozenset(
    {"sessionIssuer", "attributes", "webIdFederationData", "sourceIdentity", "ec2RoleDelivery", "assumedRoot",
     "invokedBy", "credentialSource"}
)  # fmt: skip
FIELDS = CONTAINERS | LEAVES


def read_key(node: ast.AST) -> tuple[ast.expr, str] | None:
    """Return the node and the name of the key in `event["key"]`, `event.get("key")` and `"key" in event`."""
    read = field_read(node)
    if read:
        return read.key, read.name
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        key = string_constant(node.left)
        return (key, str(key.value)) if key and is_event(node.comparators[0]) else None
    return None
