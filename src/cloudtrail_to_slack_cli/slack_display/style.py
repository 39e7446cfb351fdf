"""The page's style: Slack's desktop client, light or dark as the reader's device is, down to a phone's width."""

from importlib.resources import files
from typing import Final

_LIGHT: Final = (
    "--page:#fff;--frame:#f4ede4;--text:#1d1c1d;--soft:#616061;--line:#e2e2e2;--hover:#f8f8f8;--chip:#e8e8e8;"
    "--link:#1264a3;--code:#c01343;--code-page:#f8f8f8;--code-line:#ddd;--avatar:#dbe4f3;--accent:#611f69;"
    "--mention:#e8f5fa;--mention-all:#fcf3d9;--button:#fff;--about:#f8f4fa"
)
_DARK: Final = (
    "--page:#1a1d21;--frame:#121016;--text:#d1d2d3;--soft:#ababad;--line:#35373b;--hover:#222529;--chip:#35373b;"
    "--link:#4aa3e0;--code:#ea8aa3;--code-page:#222529;--code-line:#45474b;--avatar:#2c3e55;--accent:#c99fd4;"
    "--mention:#1d3a4a;--mention-all:#4d4222;--button:#222529;--about:#211d28"
)


def asset(package: str, name: str) -> str:
    """Return the text of a style sheet or a script of a package."""
    return "\n" + files(package).joinpath(name).read_text("utf-8")


STYLE: Final = (
    f":root{{color-scheme:light dark;{_LIGHT}}}\n"
    f"@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}{asset(__package__, 'messages.css')}"
)
# For a page whose reader can choose, whatever the device is.
THEMES: Final = (
    f":root[data-theme=light]{{color-scheme:light;{_LIGHT}}}:root[data-theme=dark]{{color-scheme:dark;{_DARK}}}"
)
