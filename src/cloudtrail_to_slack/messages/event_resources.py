"""What an event was about: the resources it names, or the parameters that name one."""

from cloudtrail_to_slack.events import Event, as_text

_SHOWN = 4
# Parameters that name what a call acts on, most telling first. The flattened paths stand below requestParameters.
_NAMING_PARAMETERS = (
    "bucketName", "key", "userName", "roleName", "groupName", "policyArn", "policyName", "accessKeyId",
    "functionName", "name", "trailName", "trailNameList.0", "secretId", "keyId", "groupId", "vpcId", "subnetId",
    "instanceId", "instancesSet.items.0.instanceId", "snapshotId", "volumeId", "imageId", "detectorId",
    "tableName", "dBInstanceIdentifier", "dBClusterIdentifier", "stackName", "queueUrl", "topicArn", "roleArn",
    "repositoryName", "clusterName", "logGroupName", "configRuleName", "domainName", "hostedZoneId",
    "loadBalancerName", "resourceArn", "arn", "flowLogId", "DeleteFlowLogsRequest.FlowLogId.content",
)  # fmt: skip
_LABELS = {
    "trailNameList.0": "trail",
    "instancesSet.items.0.instanceId": "instanceId",
    "DeleteFlowLogsRequest.FlowLogId.content": "flowLogId",
}


def resources(event: Event) -> list[str]:
    """Return up to four things the event was about, as the event names them; empty when it names none."""
    listed = event.record.get("resources")
    found = [
        as_text(resource.get("ARN") or resource.get("ARNPrefix") or resource.get("resourceName"))
        for resource in (listed if isinstance(listed, list) else [])
        if isinstance(resource, dict)
    ]
    for parameter in _NAMING_PARAMETERS:
        value = event.text(f"requestParameters.{parameter}")
        if value:
            found.append(f"{_LABELS.get(parameter, parameter)} {value}")
    unique = dict.fromkeys(filter(None, found))
    return list(unique)[:_SHOWN]
