"""Imports run downwards: each package imports only what stands before it, and pure ones import no client library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2] / "src" / "cloudtrail_to_slack"
_NAME = "cloudtrail_to_slack"
# From the bottom to the top. A module or package imports only itself and what stands before it.
_ORDER = (
    "errors",
    "clock",
    "retry",
    "json_fields",
    "observability.logging",
    "aws.errors",
    "ingest",
    "events",
    "rules.expressions",
    "rules.index",
    "rules.lint",
    "rules",
    "aws",
    "config",
    "state",
    "alerts",
    "destinations",
    "delivery",
    "observability.metrics",
    "notices",
    "log_sources",
    "evaluation",
    "pipeline",
    "app",
    "handler",
    "auto_restart",
    "testing",
)
_PURE = ("errors", "events", "rules", "alerts", "destinations.slack.render", "delivery.routing")
_CLIENTS = {"boto3", "botocore", "requests", "slack_sdk", "aws_lambda_powertools", "urllib3"}
# Imports that still point upwards: to be removed, never added to.
_STILL_UPWARDS: set[tuple[str, str]] = set()


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(_ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        if name:
            yield name, path


def _imports(path: Path) -> Iterator[str]:
    """Yield all that a file imports, also in functions and under TYPE_CHECKING, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield str(node.module)
            if node.module == _NAME:
                yield from (f"{_NAME}.{alias.name}" for alias in node.names)


def _place(module: str) -> str:
    """Return the entry of `_ORDER` that a module belongs to."""
    found = [entry for entry in _ORDER if module == entry or module.startswith(f"{entry}.")]
    assert found, f"{module} has no place in the order of packages"
    return max(found, key=len)


def _edges() -> set[tuple[str, str]]:
    """Return which entry of `_ORDER` imports which other."""
    edges = set()
    for module, path in _modules():
        if module == "observability":
            continue
        for imported in _imports(path):
            if imported.startswith(f"{_NAME}."):
                edges.add((_place(module), _place(imported.removeprefix(f"{_NAME}."))))
    return {(importer, imported) for importer, imported in edges if importer != imported}


def test_imports_run_downwards() -> None:
    """No package imports one that stands above it, so there is no circle either."""
    upwards = {edge for edge in _edges() if _ORDER.index(edge[1]) > _ORDER.index(edge[0])}
    assert upwards == _STILL_UPWARDS


def test_every_entry_exists() -> None:
    """The order names no module that is gone."""
    places = {_place(module) for module, _ in _modules() if module != "observability"}
    assert places == set(_ORDER)


@pytest.mark.parametrize("package", _PURE)
def test_pure_packages_import_no_client_library(package: str) -> None:
    """What is pure imports neither a client library nor what is not its own, the standard library or pure helpers."""
    modules = [path for name, path in _modules() if name == package or name.startswith(f"{package}.")]
    assert modules
    roots = {imported.split(".")[0] for path in modules for imported in _imports(path)}
    assert not roots & _CLIENTS
    assert roots - sys.stdlib_module_names <= {_NAME, "re2"}
