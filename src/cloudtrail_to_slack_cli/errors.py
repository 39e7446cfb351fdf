"""What ends a command: the exit codes, and the errors that carry them."""

from pathlib import Path

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_UNREADABLE = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class CommandError(Exception):
    """A command cannot do what was asked; the message says what happened, to what, and what to do about it."""

    exit_code = EXIT_USAGE


class UnreadableError(CommandError):
    """An input cannot be read: `path`, and the `line` and `column` (from 1), where they are known."""

    exit_code = EXIT_UNREADABLE

    def __init__(self, path: str, problem: str, line: int | None = None, column: int | None = None) -> None:
        self.path = path
        self.problem = problem
        self.line = line
        self.column = column
        where = "".join(f":{number}" for number in (line, column) if number is not None)
        super().__init__(f"{path}{where}: {problem}")

    def __reduce__(self) -> tuple[type["UnreadableError"], tuple[object, ...]]:  # it may come from another process
        return type(self), (self.path, self.problem, self.line, self.column)


def read_bytes(path: str) -> bytes:
    """Read a file.

    Raises:
        UnreadableError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # a path that none can be
        raise UnreadableError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
