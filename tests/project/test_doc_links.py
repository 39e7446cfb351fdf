"""Every link of the documentation leads somewhere, and every page can be found."""

import os
import re

import pytest

from support.pages import PAGES, ROOT, anchors, headings, links, page

_SOURCES = (
    "src/**/*.py",
    "bench/**/*.py",
    "e2e/**/*.py",
    "tests/**/*.py",
    "*.tf",
    "modules/**/*.tf",
    "examples/**/*.tf",
)


def _target(path: str, link: str) -> tuple[str, str]:
    """Return the file, from the root of the project, and the anchor to which a link of a page leads."""
    file, _, anchor = link.partition("#")
    return os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path, anchor  # noqa: PTH118, PTH120


def _leads_somewhere(file: str, anchor: str) -> bool:
    """Whether a file or folder exists, and the file has a heading with the anchor, if there is one."""
    return (ROOT / file).is_file() and anchor in anchors(page(file)) if anchor else (ROOT / file).exists()


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(path: str) -> None:
    """Every relative link and picture of a page exists, and so does the heading that its anchor names."""
    assert [link for link in links(page(path)) if not _leads_somewhere(*_target(path, link))] == []


def test_a_broken_link_is_found() -> None:
    """A missing file, a missing heading and an anchor of a folder lead nowhere."""
    text = "[a](rules.md) [b](../README.md#write-a-rule) [c](no.md) [d](rules.md#no) "
    text += "[e](../modules/tripwire#inputs) [f](#no)"
    broken = [link for link in links(text) if not _leads_somewhere(*_target("docs/time.md", link))]
    assert broken == ["no.md", "rules.md#no", "../modules/tripwire#inputs", "#no"]


def test_the_index_lists_every_page() -> None:
    """docs/README.md links every page in docs/ and every module, and the README links the index."""
    listed = {_target("docs/README.md", link)[0] for link in links(page("docs/README.md"))}
    pages = {path for path in PAGES if path.startswith("docs/")} - {"docs/README.md"}
    modules = {f"modules/{path.name}" for path in ROOT.glob("modules/*")}
    assert pages | modules <= listed
    assert "docs/README.md" in links(page("README.md"))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_title(path: str) -> None:
    """Every page begins with its title, and has no second one."""
    assert page(path).startswith("# ")
    assert [level for level, _ in headings(page(path))].count(1) == 1


def test_pages_that_code_names_exist() -> None:
    """Every `docs/….md` that code, Terraform or a test names is a page, and has the heading that is named with it."""
    sources = {path for pattern in _SOURCES for path in ROOT.glob(pattern)}
    named = {
        name for path in sources for name in re.findall(r"(?<![\w./-])docs/[\w-]+\.md(?:#[\w-]+)?", path.read_text())
    }
    assert named
    assert [name for name in named if not _leads_somewhere(*_target("README.md", name))] == []


def test_anchors_are_made_as_github_makes_them() -> None:
    """Punctuation goes, spaces become hyphens, code and links count by their text, repeated headings get numbers."""
    text = "# A `b_c`, d!\n## See [it](x.md)\n```sh\n# no heading\n```\n## See it\n### Über — alles\n"
    assert anchors(text) == {"a-b_c-d", "see-it", "see-it-1", "über--alles"}
