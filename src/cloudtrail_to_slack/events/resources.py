"""The resources of an event: those it lists, and those that its parameters name. Pure."""

from cloudtrail_to_slack.events.event import Event, as_text

_SHOWN = 4
# Parameters that name what a call acts on, the most specific first, and a label for each.
_NAMING_PARAMETERS = {
    "bucketName": "bucket", "key": "object", "userName": "user", "roleName": "role", "groupName": "group",
    "policyArn": "policy", "policyName": "policy", "accessKeyId": "access key", "functionName": "function",
    "trailName": "trail", "trailNameList.0": "trail", "name": "", "secretId": "secret", "keyId": "key",
    "groupId": "security group", "vpcId": "VPC", "subnetId": "subnet", "instanceId": "instance",
    "instancesSet.items.0.instanceId": "instance", "instancesSet.items.0.imageId": "image",
    "snapshotId": "snapshot", "volumeId": "volume", "imageId": "image", "detectorId": "detector",
    "tableName": "table", "dBInstanceIdentifier": "database", "dBClusterIdentifier": "cluster",
    "stackName": "stack", "queueUrl": "queue", "topicArn": "topic", "roleArn": "role",
    "repositoryName": "repository", "clusterName": "cluster", "logGroupName": "log group",
    "configRuleName": "rule", "domainName": "domain", "hostedZoneId": "hosted zone",
    "loadBalancerName": "load balancer", "resourceArn": "", "arn": "",
    "DeleteFlowLogsRequest.FlowLogId.content": "flow log",
}  # fmt: skip


def resources(event: Event) -> list[tuple[str, str]]:
    """Return up to four resources of the event, each as a label, which may be empty, and a name."""
    found: dict[str, str] = {}
    for parameter, label in _NAMING_PARAMETERS.items():
        name = event.text(f"requestParameters.{parameter}")
        if name:
            found.setdefault(name, label)
    listed = event.record.get("resources")
    for resource in listed if isinstance(listed, list) else []:
        if len(found) >= _SHOWN:
            break
        if isinstance(resource, dict):
            name = as_text(resource.get("ARN") or resource.get("ARNPrefix") or resource.get("resourceName"))
            # Not an ARN that only repeats a name: `arn:aws:s3:::payroll` and `payroll`.
            if name and not name.endswith(tuple(f"{mark}{known}" for known in found for mark in ":/")):
                found.setdefault(name, "")
    return [(label, name) for name, label in found.items()][:_SHOWN]
