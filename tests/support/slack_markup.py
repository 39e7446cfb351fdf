"""Which of Slack's markup a message may hold: our own, and nothing that an event brought."""

import re
import unicodedata
from collections.abc import Iterable

from support.slack_limits import LONGEST_URL, units

_OURS = (
    re.compile(
        r"https://[a-z0-9-]+\.(?:console\.aws\.amazon\.com|console\.amazonaws-us-gov\.com|console\.amazonaws\.cn)/"
        r"[^|<>`\s]*\|:(?:mag|page_facing_up): (?:Show event in CloudTrail|Log file|Where it was)",
        re.ASCII,
    ),
    re.compile(r"!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[\d-]{10} [\d:]{8} UTC", re.ASCII),
    re.compile(r"https?://[!-;=?-_a-{}~]+\|runbook", re.ASCII),
    re.compile(r"https://attack\.mitre\.org/techniques/T[0-9]{4}(?:/[0-9]{3})?/\|T[0-9]{4}(?:\.[0-9]{3})?"),
)
_TOKEN = re.compile(r"<([^<>]*)>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_FENCE = re.compile(r"```[^`]*```")
_SPAN = re.compile(r"`[^`\n]+`")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def assert_harmless(mrkdwn: str) -> None:
    """Assert that what `mrkdwn` makes Slack do is what our own code asks for."""
    for token in _TOKEN.findall(mrkdwn):
        assert any(ours.fullmatch(token) for ours in _OURS), f"markup that is not ours: <{token[:200]}>"
        assert units(token.split("|")[0]) <= LONGEST_URL
    assert_escaped(_TOKEN.sub("", mrkdwn))
    rest = _SPAN.sub("", _FENCE.sub("", mrkdwn))
    assert "`" not in rest, f"a backtick breaks out: {rest[:200]!r}"
    assert_visible(mrkdwn)


def assert_escaped(text: str) -> None:
    """Assert that `text` holds no control character of Slack's that is not escaped, and no entity cut in two."""
    assert "<" not in text, text[:200]
    assert ">" not in text, text[:200]
    assert "&" not in _ENTITY.sub("", text), text[-200:]


def assert_visible(text: str) -> None:
    """Assert that `text` holds no character that shows nothing or turns the text around."""
    hidden = {character for character in text if character != "\n" and unicodedata.category(character) in _HIDDEN}
    assert not hidden


def assert_all_harmless(texts: Iterable[str]) -> None:
    """Assert it of each text."""
    for text in texts:
        assert_harmless(text)
