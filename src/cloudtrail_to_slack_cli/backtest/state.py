"""Keep results in a folder, so that an interrupted backtest can continue.

Each group of files has a result of its own, found by what the files are called and which version they have. A result
is written as a whole or not at all. It is read by a pickle that knows the classes of a result and nothing else.
"""

import contextlib
import hashlib
import io
import json
import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import cloudtrail_to_slack
from cloudtrail_to_slack_cli.backtest.evaluation import MatchedLines, Part
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.errors import CommandError

_ABOUT = ".backtest.json"  # hidden, so that a folder of logs may hold the one of the state
_UNFINISHED = ".new"
_PACKAGE = __name__.rpartition(".")[0]
_KNOWN = {("collections", "Counter"), ("collections", "defaultdict"), ("builtins", "set"), ("builtins", "int")}
_KNOWN_DATES = {("datetime", "date"), ("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta")}


@dataclass(frozen=True, slots=True)
class State:
    """The folder, and the day for which ignore rules are evaluated: that of the first run."""

    folder: str
    today: date

    @classmethod
    def open(cls, folder: str, about: object, today: date) -> "State":
        """Open the folder, or make it. `about` is all that results depend on, besides the files.

        Raises:
            CommandError: it cannot be written, or contains results of something else.
        """
        path = Path(folder)
        fingerprint = hashlib.sha256(json.dumps([about, _code()], sort_keys=True, default=str).encode()).hexdigest()
        try:
            path.mkdir(parents=True, exist_ok=True)
            if (path / _ABOUT).exists():
                known = json.loads((path / _ABOUT).read_text("utf-8"))
                if known["fingerprint"] != fingerprint:
                    raise CommandError(
                        f"--state {folder} belongs to other rules or another version: choose another folder"
                    )
                return cls(str(path.resolve()), date.fromisoformat(known["today"]))
            if any(each.suffix != _UNFINISHED for each in path.iterdir()):  # another run may begin now, too
                raise CommandError(f"--state {folder} contains something else: choose an empty or new folder")
            _write(path / _ABOUT, json.dumps({"fingerprint": fingerprint, "today": today.isoformat()}).encode())
        except OSError as error:
            raise CommandError(f"--state {folder} cannot be used: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError):
            raise CommandError(f"--state {folder} contains something else: choose an empty or new folder") from None
        return cls(str(path.resolve()), today)

    def load(self, files: Sequence[LogFile]) -> Part | None:
        """Return the result of a group of files, None if there is none."""
        path = self._path(files)
        try:
            part = _Unpickler(io.BytesIO(path.read_bytes())).load()
        except Exception:  # noqa: BLE001 (whatever is wrong with it, it is made again)
            return None
        if not isinstance(part, Part) or not all(lines.moved_to(self.folder) for lines in _lines_of(part)):
            return None
        part.files = files
        part.is_resumed = True
        return part

    def save(self, files: Sequence[LogFile], part: Part) -> None:
        """Keep the result of a group of files.

        Raises:
            CommandError: the folder cannot be written.
        """
        path = self._path(files)
        try:
            for number, lines in enumerate(_lines_of(part)):
                lines.keep(str(path.with_suffix(f".lines{number}")))
            _write(path, pickle.dumps(replace(part, files=())))
        except OSError as error:
            raise CommandError(f"--state {self.folder} cannot be written: {error.strerror or error}") from None

    def _path(self, files: Sequence[LogFile]) -> Path:
        named = json.dumps([[file.name, file.size, file.version, file.problem] for file in files])
        return Path(self.folder) / f"{hashlib.sha256(named.encode()).hexdigest()[:40]}.part"


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 (pickle's)
        if (
            module.startswith(f"{_PACKAGE}.")
            and "." not in name
            and isinstance(found := super().find_class(module, name), type)
        ):
            return found
        if (module, name) in _KNOWN | _KNOWN_DATES:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a result")


def _lines_of(part: Part) -> list[MatchedLines]:
    return [value for each in fields(part) if isinstance(value := getattr(part, each.name), MatchedLines)]


def _write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        new.write_bytes(content)
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def _code() -> str:
    """Return what distinguishes one version of the code from another."""
    digest = hashlib.sha256()
    for package in (Path(cloudtrail_to_slack.__file__).parent, Path(__file__).parent):
        for path in sorted(package.rglob("*")):
            if path.suffix in (".py", ".json", ".yaml", ".yml"):
                digest.update(path.read_bytes())
    return digest.hexdigest()
