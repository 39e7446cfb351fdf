"""The fields of CloudTrail records, as its documentation lists them. Pure."""

# What has fields of its own, which are not leaves of an event.
CONTAINERS = frozenset(
    {"userIdentity", "requestParameters", "responseElements", "additionalEventData", "serviceEventDetails",
     "tlsDetails", "insightDetails", "resources", "addendum", "edgeDeviceDetails", "eventContext"}
)  # fmt: skip
# Of these some records have a text or null instead.
SOMETIMES_LEAVES = frozenset({"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"})
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
