"""All alerts of a backtest, sorted by delivery, on disk: there may be more than the memory holds."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudtrail_to_slack_cli.backtest.prediction.rows import Row, read_row, split_lines
from cloudtrail_to_slack_cli.errors import CommandError

_AT_ONCE = 1000


class AlertStore:
    """Keeps rows in the order of their delivery, in whatever order they come; one that comes twice counts once.

    It is a file in `folder`. What cannot be written there raises a CommandError.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        with self._on_disk():
            self._database = sqlite3.connect(Path(folder) / "alerts.sqlite")
            self._database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
            self._database.execute(
                "CREATE TABLE rows (delivered REAL, file BLOB, position INTEGER, row BLOB, "
                "PRIMARY KEY (delivered, file, position)) WITHOUT ROWID"
            )
            self._database.execute("CREATE TABLE outcomes (number INTEGER PRIMARY KEY, outcome BLOB)")

    def add(self, pieces: Iterable[bytes]) -> None:
        """Add rows, as lines that come in pieces."""
        with self._on_disk():
            self._database.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", (_entry(line) for line in split_lines(pieces))
            )

    def rows(self) -> Iterator[Row]:
        """Yield all rows, the earliest delivery first."""
        cursor = self._database.execute("SELECT row FROM rows ORDER BY delivered, file, position")
        while lines := cursor.fetchmany(_AT_ONCE):
            yield from (read_row(line) for (line,) in lines)

    def add_outcomes(self, outcomes: Iterable[bytes]) -> None:
        """Add what became of alerts, one after the other."""
        with self._on_disk():
            self._database.executemany("INSERT INTO outcomes (outcome) VALUES (?)", ((each,) for each in outcomes))

    def outcomes(self) -> Iterator[bytes]:
        """Yield what became of alerts, in the order in which that was added."""
        for (outcome,) in self._database.execute("SELECT outcome FROM outcomes ORDER BY number"):
            yield outcome

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CommandError(
                f"temporary files in {self._folder} cannot be written ({error}): TMPDIR names another place for them"
            ) from None


def _entry(line: bytes) -> tuple[float, bytes, int, bytes]:
    place = read_row(line).place
    # Paths need not be text: what a file system holds is bytes.
    return place.delivered, f"{place.file}\0{place.source}".encode("utf-8", "surrogatepass"), place.position, line
