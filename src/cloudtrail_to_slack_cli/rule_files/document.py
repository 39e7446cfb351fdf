"""Reading YAML and JSON with the position of every value, so that findings can point at them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cloudtrail_to_slack_cli.errors import UnreadableError

# A key of an object or a position in a list, from the top of a document to a value.
ValuePath = tuple[str | int, ...]
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_BLOCK = "|>"
_MOST_DEPTH = 100


class _Loader(_BASE):  # type: ignore[misc]  # libyaml's, where it is there
    """A safe loader to which a day is a string, as it is in a rule."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (the base's own, of which no other is changed)
        first: [(tag, pattern) for tag, pattern in pairs if tag != _TIMESTAMP]
        for first, pairs in _BASE.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True, slots=True)
class Position:
    """Where a value begins and its last line, and where its key stands; lines and columns count from 0.

    `style` is how YAML writes a string: plain (empty), quoted, or as a block (`|`, `>`).
    """

    line: int
    column: int
    last_line: int
    style: str = ""
    key_line: int | None = None
    key_column: int | None = None


@dataclass(slots=True)
class Document:
    """A parsed file: its data, its lines, and where each value stands. `repeated` are keys that an object has twice."""

    path: str
    data: Any
    lines: list[str]
    positions: dict[ValuePath, Position] = field(default_factory=dict)
    repeated: list[tuple[ValuePath, Position]] = field(default_factory=list)

    def position(self, path: ValuePath) -> Position:
        """Return where a value stands, or what is next around it."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, Position(0, 0, 0))

    def line(self, number: int) -> str:
        """Return a line, by its number from 0; empty beyond the end."""
        return self.lines[number] if 0 <= number < len(self.lines) else ""


def read_text(path: str | Path) -> str:
    """Read a file in UTF-8; `-` is not standard input here.

    Raises:
        UnreadableError: it cannot be read.
    """
    try:
        return Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise UnreadableError(str(path), f"cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, ValueError):
        raise UnreadableError(str(path), "is not UTF-8") from None


def parse(text: str, path: str) -> Document:
    """Parse YAML, or JSON where the path ends with `.json`.

    Raises:
        UnreadableError: it is neither, with the line and column.
    """
    document = Document(path, None, text.splitlines() or [""])
    is_json = path.endswith(".json")
    if is_json:
        try:
            document.data = json.loads(text)
        except json.JSONDecodeError as error:
            raise UnreadableError(path, f"is not JSON: {error.msg}", error.lineno, error.colno) from None
        except (ValueError, RecursionError):
            raise UnreadableError(path, "is not JSON, or nested too deeply") from None
        text = text.replace("\t", " ")  # between values of JSON they mean the same, and YAML refuses them
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if not is_json:
                document.data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        if is_json:
            return document  # its positions stay unknown
        raise _not_yaml(path, error) from None
    if node is not None:
        for value_path, position, is_repeated in _walk(node):
            if is_repeated:
                document.repeated.append((value_path, position))
            else:
                document.positions[value_path] = position
    return document


def _not_yaml(path: str, error: Exception) -> UnreadableError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply, or no such value"
    where = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return UnreadableError(path, f"is not YAML: {problem}", *where)


def _walk(root: Any) -> Iterator[tuple[ValuePath, Position, bool]]:  # noqa: ANN401 (PyYAML's nodes have no types)
    """Yield the path and position of every value; True: of a key that its object already has."""
    waiting: list[tuple[Any, ValuePath, Any, int]] = [(root, (), None, 0)]
    while waiting:
        node, path, key, depth = waiting.pop()
        yield path, _position(node, key), False
        if depth > _MOST_DEPTH:  # an alias may contain itself
            continue
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key_node, value_node in node.value:
                name = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.start_mark.line)
                if name in seen:
                    yield (*path, name), _position(value_node, key_node), True
                seen.add(name)
                waiting.append((value_node, (*path, name), key_node, depth + 1))
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend((item, (*path, number), None, depth + 1) for number, item in enumerate(node.value))


def _position(node: Any, key: Any) -> Position:  # noqa: ANN401 (as above)
    begin = node.start_mark
    style = (node.style or "") if isinstance(node, yaml.ScalarNode) else ""
    where = (key.start_mark.line, key.start_mark.column) if key is not None else (None, None)
    return Position(begin.line, begin.column, _last_line(node), style, *where)


def _last_line(node: Any) -> int:  # noqa: ANN401 (as above)
    """Return the last line of a value. PyYAML has a block end where the next value begins."""
    for _ in range(_MOST_DEPTH):
        if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
            break
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    begin, end = int(node.start_mark.line), int(node.end_mark.line)
    is_open = isinstance(node, yaml.ScalarNode) and node.style in tuple(_BLOCK)
    return max(end - 1, begin) if is_open else end
