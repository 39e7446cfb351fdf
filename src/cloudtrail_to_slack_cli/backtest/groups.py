"""Group files so that sending them to another process pays off."""

from collections.abc import Iterable, Iterator
from zlib import crc32

from cloudtrail_to_slack_cli.backtest.log_file import LogFile

_FILES_AT_MOST = 2048
_BYTES_AT_MOST = 2 * 1024 * 1024
_FILES_AT_LEAST = 64
# A group ends behind a file whose name says so: one in 512. So files that are new do not change the groups around
# them, and what `--state` keeps of those is still of use.
_ENDS = 0x1FF


def in_groups(files: Iterable[LogFile]) -> Iterator[list[LogFile]]:
    """Yield files in groups, the same ones for the same files; a large file is a group of its own."""
    group: list[LogFile] = []
    size = 0
    for file in files:
        if group and (len(group) >= _FILES_AT_MOST or size + file.size > _BYTES_AT_MOST):
            yield group
            group, size = [], 0
        group.append(file)
        size += max(file.size, 0)
        if len(group) >= _FILES_AT_LEAST and not crc32(file.name.encode("utf-8", "replace")) & _ENDS:
            yield group
            group, size = [], 0
    if group:
        yield group
