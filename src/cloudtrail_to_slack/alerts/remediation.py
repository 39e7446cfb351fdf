"""The command that restores what a call to CloudTrail took away, ready to paste.

It contains nothing of the event but names and ARNs that follow CloudTrail's rules, quoted for a shell. If there is no
valid one, a word in capitals, such as TRAIL_NAME, is put in its place. Sources: AWS CLI Command Reference, cloudtrail;
AWS CloudTrail API Reference, for what each call takes and that trails are changed in their home region.
"""

import re
import shlex
from collections.abc import Callable, Mapping

from cloudtrail_to_slack.aws.arns import TrailArn, is_region, is_trail_name, read_trail_arn
from cloudtrail_to_slack.events.call_outcome import CallOutcome, call_outcome
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.json_fields import mapping

_Remediation = Callable[[Event, LogFile | None], str | None]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,199}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}/")  # below AWSLogs/: the layout of an organization's trail
# Whole, or the id alone; an id that began with a hyphen would be an option of the command.
_EVENT_DATA_STORE = re.compile(
    r"(?:arn:aws[a-z-]{0,16}:cloudtrail:(?P<region>[a-z0-9-]{1,40}):(?P<account>[0-9]{12}):eventdatastore/)?"
    r"[A-Za-z0-9][A-Za-z0-9-]{2,63}"
)
_ALL_MANAGEMENT_EVENTS = '[{"ReadWriteType":"All","IncludeManagementEvents":true}]'
_ALL_INSIGHTS = '[{"InsightType":"ApiCallRateInsight"},{"InsightType":"ApiErrorRateInsight"}]'
# What UpdateTrail can switch off, with the option that switches it on again.
_SWITCHES = {
    "isMultiRegionTrail": "--is-multi-region-trail",
    "includeGlobalServiceEvents": "--include-global-service-events",
    "enableLogFileValidation": "--enable-log-file-validation",
    "isOrganizationTrail": "--is-organization-trail",
}
# What UpdateTrail can replace. The event does not say what was there before, so a placeholder is shown.
_REPLACED = {
    "s3BucketName": ("--s3-bucket-name", "PREVIOUS_BUCKET"),
    "s3KeyPrefix": ("--s3-key-prefix", "PREVIOUS_PREFIX"),
    "kmsKeyId": ("--kms-key-id", "PREVIOUS_KEY"),
    "cloudWatchLogsLogGroupArn": ("--cloud-watch-logs-log-group-arn", "PREVIOUS_LOG_GROUP"),
    "cloudWatchLogsRoleArn": ("--cloud-watch-logs-role-arn", "PREVIOUS_ROLE"),
    "snsTopicName": ("--sns-topic-name", "PREVIOUS_TOPIC"),
}


def remediation_command(event: Event, log_file: LogFile | None) -> str | None:
    """Return the command, at most 1,500 characters; None: nothing was taken away, or it cannot be restored.

    A deleted trail is created again for the bucket of `log_file`, which contains the event.
    """
    if event.source != "cloudtrail.amazonaws.com" or call_outcome(event) is not CallOutcome.SUCCEEDED:
        return None
    remediation = _REMEDIATIONS.get(event.name)
    return remediation(event, log_file) if remediation else None


def remediation_caution(event: Event) -> str:
    """Return a caution to put before the command if it is a guess or for another account; otherwise ""."""
    cautions = ["read it first: the previous settings may have been different"] if event.name in _GUESSED else []
    named = (read_trail_arn(event.text(f"requestParameters.{name}")) for name in ("name", "trailName"))
    trail = next(filter(None, named), None)
    store = _EVENT_DATA_STORE.fullmatch(event.text("requestParameters.eventDataStore"))
    owner = trail.account if trail else store and store["account"]
    if owner and event.account and owner != event.account:
        cautions.append(f"run it with credentials for account {owner}")  # an organization's trail, or a made-up ARN
    return "; ".join(cautions)


def start_logging_command(trail: TrailArn) -> str:
    """Return the command that starts logging of a trail."""
    return _aws("start-logging", "--name", str(trail), region=trail.region)


def _create_trail(event: Event, log_file: LogFile | None) -> str:
    """Create a trail with CloudTrail's recommended settings: the event does not have the previous ones."""
    name, region = _trail(event, "name")
    arn = read_trail_arn(name)
    name = arn.name if arn else name
    bucket = log_file.bucket if log_file and _BUCKET.fullmatch(log_file.bucket) else "BUCKET"
    options = ["--name", name, "--s3-bucket-name", bucket]
    # The last one: the prefix may hold the same word.
    before, layout, below = (log_file.key if log_file else "").rpartition("AWSLogs/")
    prefix = before.rstrip("/") if layout else ""
    if _KEY_PREFIX.fullmatch(prefix):
        options += ["--s3-key-prefix", prefix]
    options += ["--is-multi-region-trail", "--enable-log-file-validation"]
    if layout and _ORGANIZATION.match(below):
        options.append("--is-organization-trail")
    return f"{_aws('create-trail', *options, region=region)}\n{_aws('start-logging', '--name', name, region=region)}"


def _update_trail(event: Event, _: LogFile | None) -> str | None:
    asked = mapping(event.record.get("requestParameters"))
    options = [option for parameter, option in _SWITCHES.items() if asked.get(parameter) in (False, "false")]
    for parameter, (option, before) in _REPLACED.items():
        if asked.get(parameter) is not None:
            options += [option, before]
    return _trail_command(event, "update-trail", "name", *options) if options else None


def _put_insight_selectors(event: Event, _: LogFile | None) -> str | None:
    """An event data store's Insights go to another store, which the event may not name, so there is no command."""
    if event.text("requestParameters.eventDataStore") and not event.text("requestParameters.trailName"):
        return None
    return _trail_command(event, "put-insight-selectors", "trailName", "--insight-selectors", _ALL_INSIGHTS)


def _trail_command(event: Event, command: str, parameter: str, *options: str) -> str:
    """Return a command for the trail that `parameter` of the call names."""
    trail, region = _trail(event, parameter)
    return _aws(command, "--name" if parameter == "name" else "--trail-name", trail, *options, region=region)


def _trail(event: Event, parameter: str) -> tuple[str, str]:
    """Return the trail as the call named it, and its home region: that of the ARN, or else of the call."""
    named = event.text(f"requestParameters.{parameter}")
    arn = read_trail_arn(named)
    return named if arn or is_trail_name(named) else "TRAIL_NAME", arn.region if arn else event.region


def _store_command(event: Event, command: str) -> str:
    """Return a command for the event data store that the call names."""
    named = event.text("requestParameters.eventDataStore")
    store = _EVENT_DATA_STORE.fullmatch(named)
    region = (store and store["region"]) or event.region
    return _aws(command, "--event-data-store", named if store else "EVENT_DATA_STORE", region=region)


def _aws(command: str, *options: str, region: str) -> str:
    return shlex.join(["aws", "cloudtrail", command, *options, "--region", region if is_region(region) else "REGION"])


_REMEDIATIONS: Mapping[str, _Remediation] = {
    "StopLogging": lambda event, _: _trail_command(event, "start-logging", "name"),
    "DeleteTrail": _create_trail,
    "UpdateTrail": _update_trail,
    "PutEventSelectors": lambda event, _: _trail_command(
        event, "put-event-selectors", "trailName", "--event-selectors", _ALL_MANAGEMENT_EVENTS
    ),
    "PutInsightSelectors": _put_insight_selectors,
    "DeleteEventDataStore": lambda event, _: _store_command(event, "restore-event-data-store"),
    "StopEventDataStoreIngestion": lambda event, _: _store_command(event, "start-event-data-store-ingestion"),
}
REMEDIATED_EVENTS = frozenset(_REMEDIATIONS)
# The event does not say what was there before these.
_GUESSED = frozenset({"DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors"})
