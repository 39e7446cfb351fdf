"""Finding rule files: those that are named, and those in folders that are named."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_files.document import parse, read_text
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleFile, looks_like_rule_file, read_rule_file, rule_file

_ENDINGS = (".yaml", ".yml", ".json")
_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "venv"})
# What a rule file has, before it is parsed: a folder may hold many other files.
_SIGN = re.compile(r"""^\s*(?:[{,]\s*)*["']?(?:ignore_)?rules["']?\s*:""", re.MULTILINE)
_MOST_BYTES = 50 * 1024 * 1024


def find_rule_files(paths: Iterable[str]) -> Iterator[RuleFile | UnreadableError]:
    """Yield the rule files that `paths` name, in order; for one that cannot be read, the error.

    A file that is named is a rule file. Of a folder those are that end with .yaml, .yml or .json and contain rules.

    Raises:
        UnreadableError: there is none.
    """
    given = tuple(paths) or (".",)
    found = 0
    for path in given:
        if os.path.isdir(path):  # noqa: PTH112 (paths stay as they are written)
            for each in _files(path):
                candidate = read_candidate(each)
                if candidate is not None:
                    found += 1
                    yield candidate
        else:
            found += 1
            try:
                yield read_rule_file(path)
            except UnreadableError as error:
                yield error
    if not found:
        raise UnreadableError(", ".join(given), "no rule file found: a rule file has `rules` or `ignore_rules`")


def read_candidate(path: str) -> RuleFile | UnreadableError | None:
    """Return a file if it is a rule file, or why it cannot be read although it seems to be one; else None."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:  # a pipe might never end
            return None
        text = read_text(path)
    except (UnreadableError, OSError):
        return None
    if _SIGN.search(text) is None:
        return None
    try:
        document = parse(text, path)
    except UnreadableError as error:
        return error if "expression" in text else None
    return rule_file(document) if looks_like_rule_file(document.data) else None


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_ENDINGS) and not name.startswith("."):
                yield os.path.normpath(os.path.join(parent, name))  # noqa: PTH118 (as above)
