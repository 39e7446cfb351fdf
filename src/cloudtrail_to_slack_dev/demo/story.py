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
        "Production, meanwhile: people and services at work, and a vulnerability scanner that is denied access every "
        "week. An ignore rule names its role, so its denied calls send nothing.",
        ("02_quiet_morning",),
    ),
    Chapter(
        "Discovery is denied",
        "The key opens a session in production, from the intruder's address. Its first calls are denied.",
        ("03_stolen_session_looks_around",),
    ),
    Chapter(
        "More of the same goes into threads",
        "The session tries again. Similar alerts join the threads that are there, and the channel stays readable.",
        ("04_stolen_session_goes_on",),
    ),
    Chapter(
        "Persistence",
        "A second role lets the session in. The intruder creates a user, a key for it, and makes it an administrator.",
        ("05_new_administrator",),
    ),
    Chapter(
        "CloudTrail is tampered with",
        "The new user stops the account's trail and tries to delete the organization's. The organization's trail still "
        "delivers, so both calls are seen. The alert has the command that starts the trail again.",
        ("06_trail_stopped",),
    ),
    Chapter(
        "So is the alerting",
        "Next the intruder replaces the code of the alerting function itself.",
        ("07_alerting_function_replaced",),
    ),
    Chapter(
        "Exfiltration",
        "A database snapshot is shared with a foreign account, and a bucket becomes public.",
        ("08_data_shared_with_a_stranger",),
    ),
    Chapter(
        "A flood is summarized",
        "In staging the intruder wants machines to mine with: 30 calls are denied within a minute, and in between "
        "a trail is deleted. The most severe alerts are posted; the rest become one summary.",
        ("09_mining_refused",),
    ),
    Chapter(
        "CloudTrail Insights notices too",
        "An Insights event comes in the same way as any other.",
        ("10_insight_first_then_ordinary_records",),
    ),
    Chapter(
        "Hostile text is only displayed",
        "A session name, a user agent and an error message are made to ping the channel and to fake a link. They do "
        "neither.",
        ("11_hostile_strings",),
    ),
    Chapter(
        "A retry delivers nothing twice",
        "SQS delivers every message so far once more, as it may at any time. No alert is repeated.",
        redelivers=True,
    ),
    Chapter(
        "A log file is damaged",
        "It is reported, and its message goes back to the queue, to be tried again.",
        damaged="12_quiet_staging",
    ),
    Chapter(
        "A log file is removed",
        "The file that shows the stopped trail disappears from the bucket. Its alerts were delivered long before; now "
        "the removal is reported too.",
        removed="06_trail_stopped",
    ),
    Chapter(
        "A rule with a mistake",
        "The responder disables the intruder's key. One rule of this demo misspells a field: it is reported, and the "
        "other rules go on.",
        ("13_responder_takes_the_keys_back",),
    ),
    Chapter(
        "All quiet again",
        "The responder starts the trail and stops sharing the data; the hour's digest file is skipped. Nothing "
        "matches, so nothing is sent.",
        ("14_trail_logs_again", "15_digest_of_the_hour"),
    ),
)
