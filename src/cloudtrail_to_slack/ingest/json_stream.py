"""A JSON text that arrives in pieces: finding where its values end, keeping no more than one of them. It does no I/O.

What may read on is a generator: it yields now and then, so that the caller can look at the time, and returns a result.
"""

import json
import re
from collections.abc import Generator, Iterable
from typing import TypeVar

import msgspec

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.read_limits import MAX_RECORD_VALUES

T = TypeVar("T")
Pauses = Generator[None, None, T]

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WORD = re.compile(rb'[^\x00-\x20,:"{}\[\]]++')
# The next run of brackets, with the strings before it: only matched at a place, for what is cut off in a string fails
# at once, and a search would try again from every quote in it.
_BRACKETS = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(?:([{\[]++)|([}\]]++))', re.DOTALL)
_BEFORE_VALUE = re.compile(
    rb'(?:[^",{\[]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{\[][ \t\r\n]*+[}\]])*+[,{\[]', re.DOTALL
)  # what stands before each value that is inside another
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Every escape of a JSON text from left to right, so that an escaped backslash never looks like the start of another.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PIECES_AT_ONCE = 8
_BRACKETS_AT_ONCE = 50_000
_LONG_NUMBER = 4000  # digits; Python refuses to make an integer of more than 4,300
_RAW_DECODER = msgspec.json.Decoder(msgspec.Raw)


class JsonText:
    """The part of a text that is in memory: `buffer`, of which what is before `at` was read.

    `ended`: nothing follows the buffer. `failure`: the pieces ended in this error.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.buffer = b""
        self.at = 0
        self.ended = False
        self.failure: LogFileError | None = None
        self._pieces = iter(pieces)
        self._taken = 0
        self._dropped = 0

    @property
    def end(self) -> int:
        """Where the buffer ends, in bytes from the beginning of the text."""
        return self._dropped + len(self.buffer)

    @property
    def next(self) -> bytes:
        """The next character, empty at the end of the buffer."""
        return self.buffer[self.at : self.at + 1]

    def error(self, problem: str = "") -> LogFileError:
        """Return the error that says what is wrong with the text here; what ended the pieces comes before that."""
        return self.failure or LogFileError(problem or f"it is not JSON at byte {self._dropped + self.at:,}")

    def drop_read(self) -> None:
        """Let go of what was read."""
        self._dropped += self.at
        self.buffer = self.buffer[self.at :]
        self.at = 0

    def more(self) -> Pauses[None]:
        """Read the next piece; afterwards `at` is 0."""
        try:
            piece = next(self._pieces, None)
        except LogFileError as error:
            piece, self.failure = None, error
        if piece is None:
            self.ended = True
            return
        self._dropped += self.at
        self.buffer = self.buffer[self.at :] + piece
        self.at = 0
        self._taken += 1
        if self._taken % _PIECES_AT_ONCE == 0:
            yield

    def fill(self, size: int) -> Pauses[None]:
        """Read until `size` bytes are there, or the text ends."""
        while len(self.buffer) - self.at < size and not self.ended:
            yield from self.more()

    def skip_space(self) -> Pauses[None]:
        """Go to the next character that is no white space, or to the end."""
        while True:
            found = _SPACE.match(self.buffer, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.buffer) or self.ended:
                return
            yield from self.more()

    def skip_to_document(self) -> Pauses[None]:
        """Go to the next document, before which there may be a byte order mark, or to the end."""
        yield from self.skip_space()
        yield from self.fill(len(_BYTE_ORDER_MARK))
        if self.buffer.startswith(_BYTE_ORDER_MARK, self.at):
            self.at += len(_BYTE_ORDER_MARK)
        yield from self.skip_space()

    def skip(self, character: bytes) -> Pauses[None]:
        """Skip a character, and the white space around it.

        Raises:
            LogFileError: another one is there.
        """
        yield from self.skip_space()
        if self.next != character:
            raise self.error()
        self.at += 1
        yield from self.skip_space()

    def next_value(self, most: int, problem: str) -> Pauses[bytes]:
        """Return the value that begins here: its brackets are counted, not checked to fit.

        Raises:
            LogFileError: there is none, or the text ends before it does; or it has more than `most` bytes, or more
                values than a record may have, and `problem` says so.
        """
        if self.next in (b"{", b"["):
            size = yield from self._size_in_brackets(most, problem)
        else:
            size = yield from self._size(_STRING if self.next == b'"' else _WORD, most, problem)
        if size > most:
            raise self.error(problem)
        return self.buffer[self.at : self.at + size]

    def _size(self, pattern: re.Pattern[bytes], most: int, problem: str) -> Pauses[int]:
        while True:
            found = pattern.match(self.buffer, self.at)
            # A word goes on as long as it is at the end of what is there.
            if found and (pattern is _STRING or found.end() < len(self.buffer) or self.ended):
                return found.end() - self.at
            if pattern is _WORD and found is None and self.next:
                raise self.error()
            yield from self._more_of_value(most, problem)

    def _size_in_brackets(self, most: int, problem: str) -> Pauses[int]:
        depth, opened, runs, offset = 0, 0, 0, 0
        while True:
            found = _BRACKETS.match(self.buffer, self.at + offset)
            if found is None:
                yield from self._more_of_value(most, problem)
                continue
            start, end = found.span(found.lastindex or 0)
            if found.lastindex == 1:
                depth, opened = depth + end - start, opened + end - start
                if opened > MAX_RECORD_VALUES:
                    raise self.error(problem)
            elif depth > end - start:
                depth -= end - start
            else:
                return start + depth - self.at
            offset = end - self.at
            runs += 1
            if runs % _BRACKETS_AT_ONCE == 0:
                yield

    def _more_of_value(self, most: int, problem: str) -> Pauses[None]:
        """Read more of a value that is not all there, and pause, for what is there is looked through again."""
        if self.ended:
            raise self.error()
        if len(self.buffer) - self.at > most:
            raise self.error(problem)
        yield from self.more()
        yield


def has_more_values(text: bytes, most: int) -> bool:
    """Return whether a JSON text has more than `most` values inside it, with those that hold others."""
    if sum(map(text.count, (b",", b"[", b"{"))) <= most:
        return False
    found = _BEFORE_VALUE.match(text)
    while found and most > 0:
        most -= 1
        found = _BEFORE_VALUE.match(text, found.end())
    return found is not None


def without_lone_surrogates(text: bytes) -> bytes:
    """Replace every half of a surrogate pair: valid in JSON, and no valid text; one must not hide a whole file."""
    if not _SURROGATE.search(text):
        return text
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["lone"] else escape[0], text)


def lenient_decode(text: bytes) -> object:
    """Decode JSON as the standard library does, also numbers that msgspec refuses; replace bytes that are no UTF-8.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(
        text.decode("utf-8", "replace"),
        parse_int=lambda digits: float(digits) if len(digits) > _LONG_NUMBER else int(digits),
    )


def check_json(text: bytes) -> None:
    """Raise what `lenient_decode` raises where a value is not JSON, or nested too deeply."""
    try:
        _RAW_DECODER.decode(text)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        lenient_decode(text)
