"""Finding log files: those named, those in folders, and those in archives."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack_cli.backtest.log_file import LogFile, has_records, is_archive, unreadable
from cloudtrail_to_slack_cli.backtest.opening import NESTED
from cloudtrail_to_slack_cli.backtest.selection import is_log_file
from cloudtrail_to_slack_cli.backtest.tar_archives import tar_members
from cloudtrail_to_slack_cli.backtest.zip_archives import zip_members
from cloudtrail_to_slack_cli.errors import UnreadableError

_NO_FILE = "it is a pipe, a device or the like"
KINDS = ".json, .json.gz, .jsonl, .jsonl.gz, .zip, .tar or .tar.gz"


def find_log_files(path: str) -> Iterator[LogFile]:
    """Yield the file that is named, or those in a folder, in order, and the files in each archive among them.

    What is in a tar.gz is not known before it is read: it is one file here. Of a folder, what CloudTrail's layout
    marks as something else, such as digests, is left out. An archive that cannot be listed is a file with a problem.

    Raises:
        UnreadableError: the path does not exist.
    """
    if not os.path.lexists(path):
        raise UnreadableError(path, "does not exist")
    if not os.path.isdir(path):  # noqa: PTH112 (paths stay as they are written)
        yield from _found(path)
        return
    for parent, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            found = os.path.join(parent, name)  # noqa: PTH118 (as above)
            if not name.startswith(".") and (is_archive(name) or _is_wanted(name, found)):
                yield from _found(found) if _is_openable(found) else (LogFile(found, 0, problem=_NO_FILE),)


def _is_wanted(name: str, path: str) -> bool:
    return has_records(name) and is_log_file(name) and is_log_file(_layout(path))


def _layout(path: str) -> str:
    """Return the part of a path that CloudTrail may have given its name: no folder above it hides it."""
    parts = path.replace(os.sep, "/").split("/")
    return "/".join(part for part in parts if not part.startswith("."))


def _is_openable(path: str) -> bool:
    """Whether opening something in a folder neither waits nor reads for ever; what cannot be seen says so itself."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (as above)
    except OSError:
        return True


def _found(path: str) -> Iterator[LogFile]:
    try:
        about = os.stat(path)  # noqa: PTH116 (as above)
    except OSError as error:
        yield LogFile(path, 0, problem=unreadable(error))
        return
    version = f"{about.st_size}-{about.st_mtime_ns}"
    lower = path.lower()
    if not lower.endswith((".zip", ".tar")):
        yield LogFile(path, about.st_size, version)
        return
    try:
        with Path(path).open("rb") as file:
            members = zip_members(path, file, version) if lower.endswith(".zip") else tar_members(path, file, version)
            for each in members:
                inside = each.member.name if each.member else ""
                if is_archive(inside):
                    yield LogFile(path, 0, version, each.member, NESTED)
                elif is_log_file(inside):
                    yield each
    except (LogFileError, OSError) as error:
        yield LogFile(path, 0, version, problem=unreadable(error) if isinstance(error, OSError) else str(error))
