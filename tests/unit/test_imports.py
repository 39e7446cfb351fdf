"""What importing the package needs and pulls in."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PACKAGE = SOURCE / "cloudtrail_to_slack"
NETWORK = {"socket", "ssl", "http.client", "urllib.request", "subprocess", "asyncio"}
DEVELOPMENT = {"moto", "rich", "click", "hypothesis", "pytest", "msgpack", "pandas", "cloudtrail_to_slack_dev"}


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def _module(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def _pure_modules() -> list[str]:
    """The modules whose docstring's first paragraph ends with "Pure.", and those of packages that say so."""
    packages = {path.parent for path in PACKAGE.rglob("__init__.py") if "Pure." in _docstring(path)}
    paths = [path for path in PACKAGE.rglob("*.py") if path.parent in packages or "Pure." in _docstring(path)]
    return sorted(_module(path) for path in paths)


MODULES = tuple(sorted(_module(path) for path in PACKAGE.rglob("*.py")))
PURE = [*_pure_modules(), "cloudtrail_to_slack.errors", "cloudtrail_to_slack.ingest.object_keys"]


@cache
def brought_by_the_handler() -> set[str]:
    """Import the handler in a fresh interpreter with an empty environment; return the names of the modules it has."""
    code = "import cloudtrail_to_slack.handler\nimport boto3\nassert boto3.DEFAULT_SESSION is None"
    whole = f"import sys\nsys.path.insert(0, {str(SOURCE)!r})\n{code}\nprint(*sys.modules, sep='\\n')"
    ran = subprocess.run(  # noqa: S603 (our own interpreter and code)
        [sys.executable, "-W", "error", "-c", whole], env={}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_pure_packages_are_known() -> None:
    """The packages that the design calls pure say so."""
    packages = {_module(path) for path in PACKAGE.rglob("__init__.py") if "Pure." in _docstring(path)}
    pure = ("alerts", "events", "rules", "rules.expressions", "rules.index", "rules.lint", "destinations.slack.render")
    assert packages >= {f"cloudtrail_to_slack.{name}" for name in pure}


# A process of its own for each module, but not an interpreter that is started anew: that takes four times as long.
_EACH = """
import os
import traceback
{first}
for name in [name for name in sys.modules if name.startswith("cloudtrail_to_slack")]:
    del sys.modules[name]
for name in {modules!r}:
    sys.stdout.flush()
    if not os.fork():
        before = set(sys.modules)
        try:
            __import__(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        print(name, *before, *sys.modules, flush=True)
        os._exit(0)
    os.wait()
"""


def imported(*options: str, modules: tuple[str, ...], first: str = "") -> dict[str, set[str]]:
    """Import each module by itself; return the names of the modules that there are then, by the module's name.

    What the code `first` imports of others is there before; of this package nothing is.
    """
    whole = f"import sys\nsys.path.insert(0, {str(SOURCE)!r})\n{_EACH.format(modules=modules, first=first)}"
    ran = subprocess.run(  # noqa: S603 (our own interpreter and code)
        [sys.executable, "-W", "error", *options, "-c", whole], env={}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    loaded = {line.split()[0]: set(line.split()) for line in ran.stdout.splitlines()}
    assert loaded.keys() == set(modules), ran.stderr
    return loaded


def test_pure_modules_need_only_the_standard_library() -> None:
    """A pure module imports where nothing is installed, and brings nothing that talks to a network."""
    for module, loaded in imported("-I", "-S", modules=tuple(PURE)).items():
        assert module in loaded
        assert not loaded & NETWORK, module
        others = {name.split(".")[0] for name in loaded} - sys.stdlib_module_names
        assert others - {"__main__"} == {"cloudtrail_to_slack"}, module


def test_the_handler_needs_no_environment() -> None:
    """Importing the handler reads no environment, makes no AWS client and no session, and opens nothing."""
    assert "cloudtrail_to_slack.handler" in brought_by_the_handler()


def test_the_handler_brings_no_development_tools() -> None:
    """A cold start loads nothing that only development needs."""
    loaded = {name.split(".")[0] for name in brought_by_the_handler()}
    assert not loaded & DEVELOPMENT


def test_the_handler_loads_no_secrets_clients() -> None:
    """What reads SSM and Secrets Manager is loaded only by set-ups that keep secrets there."""
    loaded = brought_by_the_handler()
    assert not [name for name in loaded if name.startswith("aws_lambda_powertools.utilities.parameters")]


@pytest.mark.long
def test_every_module_imports_by_itself() -> None:
    """Each module can be the first to be imported: there is no circle among them."""
    first = "import cloudtrail_to_slack.handler, cloudtrail_to_slack.auto_restart.handler"
    for module, loaded in imported(modules=MODULES, first=first).items():
        assert module in loaded
