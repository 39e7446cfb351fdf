"""Reading YAML and JSON with the position of every value, so that findings can point at them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cloudtrail_to_slack_cli.errors import UnreadableError, read_bytes

# A key of an object or a position in a list, from the top of a document to a value.
ValuePath = tuple[str | int, ...]
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_BLOCK = "|>"
_MOST_DEPTH = 100
_MOST_VALUES = 500_000  # aliases of aliases can make a few lines mean more than fits into memory
_MERGE = "tag:yaml.org,2002:merge"


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
    """A parsed file: its data, its lines, and where each value stands. `repeated` are keys that an object has twice.

    A key that comes from a merge (`<<`) and is written again below it is not repeated: it replaces the merged one, here
    as in Terraform. Above the merge it is, because there Terraform takes the merged one.
    """

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


def read_text(path: str) -> str:
    """Read a file in UTF-8; `-` is not standard input here.

    Raises:
        UnreadableError: it cannot be read.
    """
    try:
        return read_bytes(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UnreadableError(path, "is not UTF-8; save it as UTF-8", line) from None


def parse(text: str, path: str, *, is_json: bool | None = None) -> Document:
    """Parse YAML, or JSON: where `is_json` says so, by default where the path ends with `.json`.

    Raises:
        UnreadableError: it is neither, with the line and column; or it has too many values.
    """
    document = Document(path, None, text.splitlines() or [""])
    is_json = path.endswith(".json") if is_json is None else is_json
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
            if node is not None:
                _refuse_expansion(path, node, {})
                _find_positions(document, node)  # before merges are made
                document.data = document.data if is_json else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        if is_json:
            return document  # its positions stay unknown
        raise _not_yaml(path, error) from None
    return document


def _refuse_expansion(path: str, node: Any, sizes: dict[int, int]) -> int:  # noqa: ANN401 (PyYAML's have no types)
    """Return how many values a node means with all aliases replaced. `sizes` are those known, 0 while they are counted.

    Raises:
        UnreadableError: there are too many, or an alias contains itself, which Terraform refuses too.
    """
    if id(node) in sizes:
        if not sizes[id(node)]:
            mark = node.start_mark
            raise UnreadableError(path, "has an alias that contains itself", mark.line + 1, mark.column + 1)
        return sizes[id(node)]
    sizes[id(node)] = 0
    parts = [] if isinstance(node, yaml.ScalarNode) else node.value
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in parts for part in pair]
    size = 1 + sum(_refuse_expansion(path, part, sizes) for part in parts)
    if size > _MOST_VALUES:
        raise UnreadableError(path, f"has more than {_MOST_VALUES:,} values; each use of an alias (*name) counts")
    sizes[id(node)] = size
    return size


def _find_positions(document: Document, node: Any) -> None:  # noqa: ANN401 (as above)
    for value_path, position, is_repeated in _walk(node):
        if is_repeated:
            document.repeated.append((value_path, position))
        else:
            document.positions[value_path] = position


def _not_yaml(path: str, error: Exception) -> UnreadableError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply, or no such value"
    if problem.startswith("but "):
        problem = f"{getattr(error, 'context', None)}, {problem}"
    where = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return UnreadableError(path, f"is not YAML: {problem}", *where)


def _walk(root: Any) -> Iterator[tuple[ValuePath, Position, bool]]:  # noqa: ANN401 (PyYAML's nodes have no types)
    """Yield the path and position of every value; True: of a key that its object already has."""
    waiting: list[tuple[Any, ValuePath, Any]] = [(root, (), None)]
    while waiting:
        node, path, key = waiting.pop()
        yield path, _position(node, key), False
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key_node, value_node, merge_node in _pairs(node):
                name = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.start_mark.line)
                if name in seen:
                    yield (*path, name), _position(value_node, merge_node or key_node), True
                if merge_node is None:
                    seen.add(name)
                waiting.append((value_node, (*path, name), key_node))
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend((item, (*path, number), None) for number, item in enumerate(node.value))


def _pairs(node: Any) -> Iterator[tuple[Any, Any, Any]]:  # noqa: ANN401 (as above)
    """Yield the keys and values of an object, in order, and by which merge (`<<`) each comes from another, if any."""
    for key_node, value_node in node.value:
        if key_node.tag != _MERGE:
            yield key_node, value_node, None
            continue
        for source in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
            if isinstance(source, yaml.MappingNode):
                yield from ((key, value, key_node) for key, value, _ in _pairs(source))


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
