"""The codes of findings. A code's meaning never changes; docs/findings.md has a section for each."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding: its code, a name, how serious it is, and what it means in a sentence."""

    code: str
    name: str
    level: Level
    meaning: str


UNREADABLE = Code("CT001", "unreadable-file", "error", "A file cannot be read.")
STRUCTURE = Code("CT002", "file-structure", "error", "A rule file has the wrong structure.")
UNKNOWN_KEY = Code("CT003", "unknown-key", "error", "A rule has an unknown key.")
NO_EXPRESSION = Code("CT004", "no-expression", "error", "A rule has no expression.")
SYNTAX = Code("CT005", "expression-syntax", "error", "An expression is not Python.")
REFUSED = Code("CT006", "expression-refused", "error", "An expression uses something that a rule may not use.")
FIELD = Code("CT007", "field-value", "error", "A field of a rule has an invalid value.")
REPEATED_ID = Code("CT008", "repeated-id", "error", "Two rules have the same id.")
UNKNOWN_FIELD = Code("CT010", "unknown-field", "warning", "A rule reads a field that no CloudTrail record has.")
UNKNOWN_EVENT = Code("CT011", "unknown-event", "warning", "A rule looks for an event that never appears in CloudTrail.")
DATED_EVENT = Code("CT012", "dated-event", "warning", "A rule looks for an event whose name has an API date appended.")
NEVER = Code("CT013", "never-matches", "warning", "A rule, or a part of it, can never match.")
SHADOWED = Code("CT014", "shadowed", "warning", "An ignore rule suppresses every alert of a rule.")
REPEATS = Code("CT015", "repeats-rule", "warning", "A rule repeats another.")
EXPIRED = Code("CT016", "ignore-expired", "warning", "An ignore rule has expired.")
EXPIRING = Code("CT017", "ignore-expiring", "warning", "An ignore rule expires soon.")
NO_TEST = Code("CT018", "no-test", "warning", "A rule has no test.")
LOOSE_IGNORE = Code("CT019", "loose-ignore", "warning", "An ignore rule depends on values that callers can choose.")
BROKEN_TEST = Code("CT020", "broken-test", "error", "A test cannot be run.")
NOT_BOOLEAN = Code("CT021", "not-boolean", "warning", "An expression can give something other than True or False.")
ALWAYS = Code("CT022", "always-matches", "warning", "A rule matches every event.")
CONFIGURATION = Code("CT030", "configuration", "error", "The configuration cannot be used.")
BAD_SUPPRESSION = Code("CT040", "bad-suppression", "warning", "A suppression has no reason, or names no code.")
UNUSED_SUPPRESSION = Code("CT041", "unused-suppression", "warning", "A suppression suppresses nothing.")

CODES: tuple[Code, ...] = tuple(each for each in globals().copy().values() if isinstance(each, Code))
BY_CODE = {each.code: each for each in CODES}
