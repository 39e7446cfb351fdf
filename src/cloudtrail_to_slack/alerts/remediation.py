"""The command that would put back what a call to CloudTrail took away, ready to paste.

Nothing of the event stands in it but names and ARNs that keep CloudTrail's own rules, quoted for a shell; a word in
capitals, such as TRAIL_NAME, stands where there is no such thing. Sources: AWS CLI Command Reference, cloudtrail; AWS
CloudTrail API Reference, for what each call takes and that trails are changed in their home region.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping

from cloudtrail_to_slack.aws.arns import TrailArn, is_region, is_trail_name, read_trail_arn
from cloudtrail_to_slack.events.call_outcome import CallOutcome, call_outcome
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.ingest.payloads import LogFile

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,199}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}/")  # below AWSLogs/: the layout of an organisation's trail
# Whole, or the id alone; an id that began with a hyphen would be an option of the command.
_EVENT_DATA_STORE = re.compile(
    r"(?:arn:aws[a-z-]{0,16}:cloudtrail:(?P<region>[a-z0-9-]{1,40}):(?P<account>[0-9]{12}):eventdatastore/)?"
    r"[A-Za-z0-9][A-Za-z0-9-]{2,63}"
)
_ALL_MANAGEMENT_EVENTS = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
_ALL_INSIGHTS = [{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]
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


def remediation_command(event: Event, origin: LogFile | None) -> str | None:
    """Return the command, a line for each; None where nothing was taken away, or it is not known how to restore it.

    It has at most 1,500 characters. `origin` is the log file that holds the event: a deleted trail is made again for
    its bucket.
    """
    if event.source != "cloudtrail.amazonaws.com" or call_outcome(event) is not CallOutcome.SUCCEEDED:
        return None
    repair = _REPAIRS.get(event.name)
    return repair(event, origin) if repair else None


def remediation_caution(event: Event) -> str:
    """Return what to say before the command: where it is a guess, or for another account, else nothing."""
    cautions = ["read it first: what was there before may have been other"] if event.name in _GUESSED else []
    owner = _owner(event)
    if owner and event.account and owner != event.account:
        cautions.append(f"run it with credentials of account {owner}")  # an organisation's trail, or a made-up ARN
    return "; ".join(cautions)


def start_logging_command(trail: TrailArn) -> str:
    """Return the command that starts logging of a trail."""
    return _aws("start-logging", "--name", str(trail), region=trail.region)


def _start_logging(event: Event, _: LogFile | None) -> str:
    return _aws("start-logging", "--name", _trail(event, "name"), region=_region(event, "name"))


def _create_trail(event: Event, origin: LogFile | None) -> str:
    """Create it anew, as CloudTrail recommends a trail to be: the event does not say what the trail was like."""
    named, region = _trail(event, "name"), _region(event, "name")
    arn = read_trail_arn(named)
    name = arn.name if arn else named
    key = origin.key if origin else ""
    options = ["--name", name, "--s3-bucket-name", _bucket(origin)]
    before, layout, below = key.rpartition("AWSLogs/")  # the last one: the prefix may hold the same word
    prefix = before.rstrip("/") if layout else ""
    if _KEY_PREFIX.fullmatch(prefix):
        options += ["--s3-key-prefix", prefix]
    options += ["--is-multi-region-trail", "--enable-log-file-validation"]
    if layout and _ORGANIZATION.match(below):
        options.append("--is-organization-trail")
    return f"{_aws('create-trail', *options, region=region)}\n{_aws('start-logging', '--name', name, region=region)}"


def _update_trail(event: Event, _: LogFile | None) -> str | None:
    asked = event.record.get("requestParameters")
    asked = asked if isinstance(asked, Mapping) else {}
    options = [option for parameter, option in _SWITCHES.items() if asked.get(parameter) in (False, "false")]
    for parameter, (option, before) in _REPLACED.items():
        if asked.get(parameter) is not None:
            options += [option, before]
    if not options:
        return None
    return _aws("update-trail", "--name", _trail(event, "name"), *options, region=_region(event, "name"))


def _put_event_selectors(event: Event, _: LogFile | None) -> str:
    selectors = _json(_ALL_MANAGEMENT_EVENTS)
    options = ["--trail-name", _trail(event, "trailName"), "--event-selectors", selectors]
    return _aws("put-event-selectors", *options, region=_region(event, "trailName"))


def _put_insight_selectors(event: Event, _: LogFile | None) -> str | None:
    """Those of an event data store go to another one, which the event need not name."""
    if event.text("requestParameters.eventDataStore") and not event.text("requestParameters.trailName"):
        return None
    options = ["--trail-name", _trail(event, "trailName"), "--insight-selectors", _json(_ALL_INSIGHTS)]
    return _aws("put-insight-selectors", *options, region=_region(event, "trailName"))


def _restore_event_data_store(event: Event, _: LogFile | None) -> str:
    return _aws("restore-event-data-store", *_event_data_store(event), region=_region_of_store(event))


def _start_ingestion(event: Event, _: LogFile | None) -> str:
    return _aws("start-event-data-store-ingestion", *_event_data_store(event), region=_region_of_store(event))


_REPAIRS: Mapping[str, Callable[[Event, LogFile | None], str | None]] = {
    "StopLogging": _start_logging,
    "DeleteTrail": _create_trail,
    "UpdateTrail": _update_trail,
    "PutEventSelectors": _put_event_selectors,
    "PutInsightSelectors": _put_insight_selectors,
    "DeleteEventDataStore": _restore_event_data_store,
    "StopEventDataStoreIngestion": _start_ingestion,
}

REMEDIATED_EVENTS = frozenset(_REPAIRS)

# The event does not say what was there before these.
_GUESSED = frozenset({"DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors"})


def _aws(command: str, *options: str, region: str) -> str:
    return shlex.join(["aws", "cloudtrail", command, *options, "--region", region])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _trail(event: Event, parameter: str) -> str:
    """Return the trail as the call named it."""
    named = event.text(f"requestParameters.{parameter}")
    return named if is_trail_name(named) or read_trail_arn(named) else "TRAIL_NAME"


def _region(event: Event, parameter: str) -> str:
    """Return the trail's home region: its ARN has it, else it is where the call was made."""
    arn = read_trail_arn(event.text(f"requestParameters.{parameter}"))
    region = arn.region if arn else event.region
    return region if is_region(region) else "REGION"


def _region_of_store(event: Event) -> str:
    """Return the region in an event data store's ARN, else the one in which the call was made."""
    store = _EVENT_DATA_STORE.fullmatch(event.text("requestParameters.eventDataStore"))
    region = (store and store["region"]) or event.region
    return region if is_region(region) else "REGION"


def _bucket(origin: LogFile | None) -> str:
    return origin.bucket if origin and _BUCKET.fullmatch(origin.bucket) else "BUCKET"


def _event_data_store(event: Event) -> list[str]:
    named = event.text("requestParameters.eventDataStore")
    return ["--event-data-store", named if _EVENT_DATA_STORE.fullmatch(named) else "EVENT_DATA_STORE"]


def _owner(event: Event) -> str | None:
    """Return the account of the ARN that the command names; None where it names none."""
    for parameter in ("name", "trailName"):
        trail = read_trail_arn(event.text(f"requestParameters.{parameter}"))
        if trail:
            return trail.account
    store = _EVENT_DATA_STORE.fullmatch(event.text("requestParameters.eventDataStore"))
    return store["account"] if store else None
