"""What messages look like on a terminal."""

import pytest

from cloudtrail_to_slack_cli.slack_display.terminal_text import safe, slack_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u26a0\ufe0f without MFA", "\u26a0 without MFA"),
        ("\U0001f5d1\ufe0f removed", "\U0001f5d1 removed"),
        ("a\ufe0fb", "a\\ufe0fb"),
        ("\ufe0f", "\\ufe0f"),
        ("\u26a0\ufe0f\ufe0f", "\u26a0\\ufe0f"),
        ("x\u202ey", "x\\u202ey"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("one\ntwo", "one two"),
        ("ß 字 ٣", "ß 字 ٣"),
    ],
)
def test_hidden_characters(text: str, shown: str) -> None:
    """What picks an emoji's form is left out behind an emoji; whatever else is hidden is made visible."""
    assert safe(text) == shown


def test_short_codes_become_emoji() -> None:
    """Short codes with and without an emoji form are shown as emoji, and never as numbers of characters."""
    (line,) = slack_lines(":warning: *no MFA* `:warning:` &lt;b&gt; :wastebasket:")
    assert line.plain == "\u26a0 no MFA :warning: <b> \U0001f5d1"
