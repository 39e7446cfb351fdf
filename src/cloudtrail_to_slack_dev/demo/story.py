"""The story of the demo: an intrusion into an organization of three accounts, as its log files show it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Chapter:
    """One step of the story.

    Attributes:
        title: What happens, in a few words.
        text: The same in one or two sentences.
        uploads: The samples whose log files arrive, by name.
        damaged: The sample whose log file arrives cut off.
        removed: The sample whose log file is removed from the bucket.
        redelivers: Whether the queue delivers the messages of all log files so far once more.
    """

    title: str
    text: str
    uploads: tuple[str, ...] = ()
    damaged: str | None = None
    removed: str | None = None
    redelivers: bool = False


STORY: Final = (
    Chapter(
        "A sign-in without MFA",
        "The password of the sandbox's root user has leaked. The intruder signs in, looks around, and finds a key.",
        ("01_root_signs_in_without_mfa",),
    ),
    Chapter(
        "An ignore rule at work",
        "Meanwhile in production, people and services do their work, and a vulnerability scanner is denied access, as "
        "it is every week. An ignore rule names the scanner's role, so nothing is sent.",
        ("02_quiet_morning",),
    ),
    Chapter(
        "Discovery is denied",
        "With the key, the intruder starts a session in production. Its first calls are denied.",
        ("03_stolen_session_looks_around",),
    ),
    Chapter(
        "Similar alerts go into threads",
        "The session tries again. Similar alerts join the existing threads, so the channel stays readable.",
        ("04_stolen_session_goes_on",),
    ),
    Chapter(
        "Persistence",
        "The session assumes a second role. The intruder creates a user and an access key, and makes the user an "
        "administrator.",
        ("05_new_administrator",),
    ),
    Chapter(
        "Tampering with CloudTrail",
        "The new user stops the account's trail and tries to delete the organization's trail. That one still delivers, "
        "so both calls raise alerts. The first alert contains the command that starts the trail again.",
        ("06_trail_stopped",),
    ),
    Chapter(
        "Tampering with the alerting function",
        "Next the intruder replaces the code of this very function.",
        ("07_alerting_function_replaced",),
    ),
    Chapter(
        "Exfiltration",
        "The intruder shares a database snapshot with an outside account and makes a bucket public.",
        ("08_data_shared_with_a_stranger",),
    ),
    Chapter(
        "A flood is summarized",
        "In staging the intruder tries to launch instances for cryptocurrency mining. 30 calls are denied within a "
        "minute, and in between a trail is deleted. The most severe alerts are posted; the rest become one summary.",
        ("09_mining_refused",),
    ),
    Chapter(
        "CloudTrail Insights",
        "Insights events arrive in log files too, and alert like any other event.",
        ("10_insight_first_then_ordinary_records",),
    ),
    Chapter(
        "Hostile text is only displayed",
        "A session name, a user agent and an error message try to ping the channel and to fake a link. Neither works.",
        ("11_hostile_strings",),
    ),
    Chapter(
        "A retry delivers nothing twice",
        "SQS delivers every message so far a second time, as it may at any time. No alert is repeated.",
        redelivers=True,
    ),
    Chapter(
        "A log file is damaged",
        "The file is reported, and its message goes back to the queue for a retry.",
        damaged="12_quiet_staging",
    ),
    Chapter(
        "A log file is removed",
        "Someone deletes the log file that recorded the stopped trail. Its alerts have long been delivered; now the "
        "removal is reported too.",
        removed="06_trail_stopped",
    ),
    Chapter(
        "A rule with a mistake",
        "The responder disables the intruder's key. One of this demo's rules misspells a field: the error is reported, "
        "and the other rules still work.",
        ("13_responder_takes_the_keys_back",),
    ),
    Chapter(
        "All quiet again",
        "The responder starts the trail again and revokes the outside access. CloudTrail's hourly digest file is "
        "skipped. Nothing matches, so nothing is sent.",
        ("14_trail_logs_again", "15_digest_of_the_hour"),
    ),
)
