"""A JSON text that arrives in pieces: finding where its values end, keeping no more than one of them. It does no I/O.

Every method that may read on is a generator: it yields now and then while it works, so that the caller can look at the
time, and returns its result.
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

SPACE = b" \t\r\n"
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
# The next run of brackets, with the strings before it: only matched at a place, for what is cut off in a string fails
# at once, and a search would try again from every quote in it.
_BRACKETS = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(?:([{\[]++)|([}\]]++))', re.DOTALL)
_BEFORE_VALUE = re.compile(
    rb'(?:[^",{\[]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{\[][ \t\r\n]*+[}\]])*+[,{\[]', re.DOTALL
)  # what stands before each value that is inside another
_WORD = re.compile(rb'[^\x00-\x20,:"{}\[\]]++')
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
    def position(self) -> int:
        """Where the reading is, in bytes from the beginning of the text."""
        return self._dropped + self.at

    @property
    def end(self) -> int:
        """Where the buffer ends, likewise."""
        return self._dropped + len(self.buffer)

    @property
    def next(self) -> bytes:
        """The next character, empty at the end of the buffer."""
        return self.buffer[self.at : self.at + 1]

    def error(self, problem: str = "") -> LogFileError:
        """Return the error that says what is wrong with the text here; what ended the pieces comes before that."""
        return self.failure or LogFileError(problem or f"it is not JSON at byte {self.position:,}")

    def trim(self) -> None:
        """Let go of what was read, where that is most of the buffer."""
        if 2 * self.at > len(self.buffer):
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

    def skip_mark(self) -> Pauses[None]:
        """Skip a byte order mark, which may stand before a document."""
        yield from self.fill(len(_BYTE_ORDER_MARK))
        if self.buffer.startswith(_BYTE_ORDER_MARK, self.at):
            self.at += len(_BYTE_ORDER_MARK)

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

    def value_end(self, most: int, problem: str) -> Pauses[int]:
        """Return where in the buffer the value ends that begins at `at`: brackets are counted, not checked to fit.

        Raises:
            LogFileError: there is none, or the text ends before it does; or it has more than `most` bytes, or more
                values than a record may have, and `problem` says so.
        """
        character = self.next
        if character == b'"':
            return (yield from self._match_end(_STRING, most, problem))
        if character in (b"{", b"["):
            return (yield from self._brackets_end(most, problem))
        return (yield from self._match_end(_WORD, most, problem))

    def _match_end(self, pattern: re.Pattern[bytes], most: int, problem: str) -> Pauses[int]:
        while True:
            found = pattern.match(self.buffer, self.at)
            # A word goes on as long as it is at the end of what is there.
            if found and (pattern is _STRING or found.end() < len(self.buffer) or self.ended):
                return self._checked(found.end(), most, problem)
            if self.ended or (pattern is _WORD and found is None and self.next):
                raise self.error()
            self._checked(len(self.buffer), most, problem)
            yield from self.more()
            yield  # what is there is looked through again

    def _brackets_end(self, most: int, problem: str) -> Pauses[int]:
        depth, opened, runs, offset = 0, 0, 0, 0
        while True:
            found = _BRACKETS.match(self.buffer, self.at + offset)
            if found is None:
                if self.ended:
                    raise self.error()
                self._checked(len(self.buffer), most, problem)
                yield from self.more()
                yield  # what is there is looked through again
                continue
            start, end = found.span(found.lastindex or 0)
            if found.lastindex == 1:
                depth, opened = depth + end - start, opened + end - start
                if opened > MAX_RECORD_VALUES:
                    raise self.error(problem)
            elif depth > end - start:
                depth -= end - start
            else:
                return self._checked(start + depth, most, problem)
            offset = end - self.at
            runs += 1
            if runs % _BRACKETS_AT_ONCE == 0:
                yield

    def _checked(self, end: int, most: int, problem: str) -> int:
        if end - self.at > most:
            raise self.error(problem)
        return end


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
    """Decode a JSON value as the standard library does, which reads numbers that msgspec refuses.

    Bytes that are no UTF-8 are replaced.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(
        text.decode("utf-8", "replace"),
        parse_int=lambda digits: float(digits) if len(digits) > _LONG_NUMBER else int(digits),
    )


def is_json(text: bytes) -> bool:
    """Return whether a value is JSON, and not nested too deeply to decode."""
    try:
        _RAW_DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            lenient_decode(text)
        except (ValueError, RecursionError):
            return False
    return True
