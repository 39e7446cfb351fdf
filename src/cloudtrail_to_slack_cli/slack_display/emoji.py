"""The emoji short codes that alerts use, as Unicode; any other code stays as it is written."""

import json
import re
from importlib.resources import files
from typing import Final

EMOJI: Final[dict[str, str]] = json.loads(files(__package__).joinpath("emoji.json").read_text("utf-8"))
_SHORT_CODE: Final = re.compile(r":([a-z0-9_+-]+):")


def with_emoji(text: str) -> str:
    """The text with every known short code replaced."""
    return _SHORT_CODE.sub(lambda match: EMOJI.get(match[1], match[0]), text)
