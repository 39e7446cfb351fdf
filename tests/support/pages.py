"""The pages of the documentation: their texts, tables, headings and links."""

import re
import textwrap
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *sorted(
        str(path.relative_to(ROOT))
        for folder in ("docs", "modules", "examples")
        for path in ROOT.glob(f"{folder}/**/*.md")
    ),
]
_FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def page(path: str) -> str:
    """Return the text of a page, by its path from the root of the project."""
    return (ROOT / path).read_text()


def first_column(text: str) -> list[str]:
    """Return what stands in backticks in the first column of the tables of a text."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def headings(text: str) -> list[tuple[int, str]]:
    """Return the headings of a text, each with its level (1: the title)."""
    found = re.findall(r"^(#+) (.*)$", _FENCED.sub("", text), re.MULTILINE)
    return [(len(level), heading) for level, heading in found]


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings: small letters, hyphens for spaces, numbers where repeated."""
    seen: Counter[str] = Counter()
    found = set()
    for _, heading in headings(text):
        plain = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def links(text: str) -> list[str]:
    """Return the targets of all links and pictures of a string that do not lead to another site."""
    return re.findall(r"\]\((?!https?:)([^)\s]+)\)", _FENCED.sub("", text))


def prose(text: str) -> str:
    """Return what people read of a text, in one line: without code and without the targets of links."""
    plain = re.sub(r"`[^`]*`", "", _FENCED.sub("", text))
    return " ".join(re.sub(r"\]\([^)]*\)", "]", plain).split())


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, without the indentation that they share."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]
