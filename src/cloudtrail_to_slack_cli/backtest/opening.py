"""Open the sources of a backtest: files, and files in archives. S3 objects come from `s3.fetching`."""

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, groupby
from pathlib import Path

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.log_files import Stream
from cloudtrail_to_slack_cli.backtest.log_file import LogFile, is_archive, is_s3, unreadable
from cloudtrail_to_slack_cli.backtest.reading import Content, OpenedStream, PieceStream
from cloudtrail_to_slack_cli.backtest.s3.fetching import Fetcher
from cloudtrail_to_slack_cli.backtest.selection import Selection, is_log_file
from cloudtrail_to_slack_cli.backtest.tar_archives import read_tar, tar_member_pieces
from cloudtrail_to_slack_cli.backtest.zip_archives import zip_member_pieces

_NAMELESS = "its name does not state its account, region and day, of which some are asked for"
_SMALL = 1024 * 1024
NESTED = "it is an archive inside an archive: extract it first"


def _opened(file: LogFile, selection: Selection) -> Iterator[Content]:
    if file.problem:
        yield Content(file.name, problem=file.problem)
    elif file.member is None and is_archive(file.path):
        yield from _in_tar(file, selection)
    else:
        try:
            with closing(_stream(file)) as stream:
                is_stored = os.path.isfile(file.path)  # noqa: PTH113 (paths stay as they are); a pipe is read only once
                yield Content(file.name, stream, (lambda: _stream(file)) if is_stored else None)
        except (LogFileError, OSError, ValueError) as error:
            yield Content(file.name, problem=unreadable(error) if isinstance(error, OSError) else str(error))


def _stream(file: LogFile) -> OpenedStream:
    opened = Path(file.path).open("rb")  # noqa: SIM115 (its reader closes it)
    if file.member is None:
        return opened
    read_member = tar_member_pieces if file.member.method is None else zip_member_pieces
    return PieceStream(read_member(opened, file.size, file.member), opened.close)


def _in_tar(file: LogFile, selection: Selection) -> Iterator[Content]:
    try:
        with Path(file.path).open("rb") as archive:
            for name, content in read_tar(archive):
                full = f"{file.path}!/{name}"
                if is_archive(name):
                    yield Content(full, problem=NESTED)
                elif not is_log_file(name) or (is_chosen := selection.includes(name)) is False:
                    continue
                elif is_chosen is None:
                    yield Content(full, problem=_NAMELESS)
                elif isinstance(content, str):
                    yield Content(full, problem=content)
                else:
                    yield _small_again(full, content)
    except (LogFileError, OSError) as error:
        yield Content(file.path, problem=unreadable(error) if isinstance(error, OSError) else str(error))


def _small_again(name: str, content: Stream) -> Content:
    """Return the content of a file in a tar.gz, which can be read anew where it is small."""
    try:
        head = content.read(_SMALL + 1)
    except LogFileError as error:
        return Content(name, problem=str(error))
    if len(head) <= _SMALL:
        return Content(name, io.BytesIO(head), lambda: io.BytesIO(head))
    return Content(name, PieceStream(chain((head,), iter(lambda: content.read(_SMALL), b""))))


class Opener:
    """Opens the files of a backtest, in the process that uses it; a copy of it in another process opens its own.

    `profile` is the profile of the AWS command line with which S3 is read.
    """

    def __init__(self, selection: Selection | None = None, profile: str | None = None) -> None:
        self._selection = selection or Selection()
        self._profile = profile
        self._fetcher: Fetcher | None = None
        self._process = 0

    def open(self, files: Iterable[LogFile]) -> Iterator[Content]:
        """Yield the content of each file, in order; each is closed when the next one is asked for.

        A tar.gz yields the content of each file in it that is selected.
        """
        for in_s3, group in groupby(files, lambda file: is_s3(file.path)):
            if in_s3:
                yield from self._fetch(group)
            else:
                yield from chain.from_iterable(_opened(file, self._selection) for file in group)

    def close(self) -> None:
        """End the threads that fetch."""
        if self._fetcher is not None and self._process == os.getpid():
            self._fetcher.close()
        self._fetcher = None

    def __reduce__(self) -> tuple[type["Opener"], tuple[Selection, str | None]]:
        return Opener, (self._selection, self._profile)

    def _fetch(self, files: Iterable[LogFile]) -> Iterator[Content]:
        from cloudtrail_to_slack_cli.backtest.s3.client import S3Requests  # noqa: PLC0415 (boto3 takes long)

        if self._fetcher is None or self._process != os.getpid():  # a fork has no threads, and must share no connection
            self._fetcher, self._process = Fetcher(S3Requests(self._profile)), os.getpid()
        return self._fetcher.fetch(files)
