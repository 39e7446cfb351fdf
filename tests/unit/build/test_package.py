"""`make package` and `make layer`: zips that are ready."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cloudtrail_to_slack_build import package
from cloudtrail_to_slack_build.bytecode import compiled, find_python
from cloudtrail_to_slack_build.targets import read_target

_THIS_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
_SOURCE = Path(__file__).resolve().parents[3] / "src" / "cloudtrail_to_slack"


def _code() -> dict[str, bytes]:
    return {f"cloudtrail_to_slack/{path.relative_to(_SOURCE)}": path.read_bytes() for path in _SOURCE.rglob("*.py")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A function for this Python's version, with a configuration."""
    folder = tmp_path_factory.mktemp("package")
    config = folder / "rendered.json"
    config.write_text('{"events_to_track": ["StopLogging"]}')
    ran = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-W", "error", "-m", "cloudtrail_to_slack_build.package", f"--runtime={_THIS_RUNTIME}",
         "--architecture=arm64", f"--config={config}", f"--output-directory={folder}"],
        cwd=_SOURCE.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return zipfile.ZipFile(ran.stdout.strip())


@pytest.fixture(scope="module")
def package_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for this Python's version, for `lambda_package`."""
    return package.build_package(read_target(_THIS_RUNTIME, "arm64"), None, tmp_path_factory.mktemp("layer"))


def test_it_holds_the_code_the_dependencies_and_the_configuration(built: zipfile.ZipFile) -> None:
    """All that Lambda puts into /var/task is there, and nothing of the tools that build and test it."""
    names = set(built.namelist())
    shipped = {f"cloudtrail_to_slack/{path.relative_to(_SOURCE)}" for path in _SOURCE.rglob("*.*") if path.is_file()}
    assert {name for name in shipped if "__pycache__" not in name} <= names
    assert {"slack_sdk/__init__.py", "msgspec/__init__.py", "isal/__init__.py"} <= names
    assert json.loads(built.read("config.json")) == {"events_to_track": ["StopLogging"]}
    assert not any(name.startswith(("cloudtrail_to_slack_dev", "cloudtrail_to_slack_build")) for name in names)


def test_without_a_configuration_it_is_a_layer(package_layer: Path) -> None:
    """For `lambda_package` code and dependencies lie in `python`, compiled for that place, without config.json."""
    archive = zipfile.ZipFile(package_layer)
    names = set(archive.namelist())
    assert {"python/cloudtrail_to_slack/handler.py", "python/slack_sdk/__init__.py"} <= names
    assert all(name.startswith("python/") for name in names)
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    assert b"/opt/python/cloudtrail_to_slack/handler.py" in archive.read(
        f"python/cloudtrail_to_slack/__pycache__/handler.{tag}.pyc"
    )


def test_the_digests_of_all_zips_are_listed(package_layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SHA256SUMS beside the zips has a line for each, as `sha256sum --check` reads it."""
    assert package.main(["--dependencies", f"--output-directory={package_layer.parent}"]) == 0
    layer = Path(capsys.readouterr().out.strip())
    assert layer.name.endswith("-dependencies-python3.13-arm64.zip")
    assert "python/slack_sdk/__init__.py" in zipfile.ZipFile(layer).namelist()
    lines = (layer.parent / "SHA256SUMS").read_text().splitlines()
    expected = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in (package_layer, layer)]
    assert sorted(lines) == sorted(expected)


def test_all_its_code_is_compiled(built: zipfile.ZipFile) -> None:
    """Built with a Python of the runtime's version, every module of ours and of the dependencies is compiled."""
    names = set(built.namelist())
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    for source in ("cloudtrail_to_slack/handler", "slack_sdk/__init__", "requests/api"):
        folder, _, module = source.rpartition("/")
        assert f"{folder}/__pycache__/{module}.{tag}.pyc" in names


def test_compiling_is_reproducible() -> None:
    """Two compilations of the same code are equal, byte for byte."""
    python = find_python(_THIS_RUNTIME)
    assert python
    first, second = (compiled(_code(), python, "/var/task") for _ in range(2))
    assert len(first) == len(_code())
    assert first == second


def test_compiled_files_never_look_at_their_sources(tmp_path: Path) -> None:
    """The import system takes a compiled file as it is, though its source is newer and says something else."""
    files = compiled({"tiny.py": b"VALUE = 'compiled'\n"}, sys.executable, "/var/task")
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "tiny.py").write_text("VALUE = 'source'\n")
    ran = subprocess.run(
        [sys.executable, "-c", "import tiny; print(tiny.VALUE)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "compiled\n"


def test_compiled_files_name_their_place_in_lambda() -> None:
    """A traceback from a compiled file shows the path the file has in Lambda."""
    (content,) = compiled({"a/tiny.py": b"def f(): pass\n"}, sys.executable, "/var/task").values()
    assert b"/var/task/a/tiny.py" in content


def test_a_file_that_is_no_python_for_the_runtime_stays_as_it_is() -> None:
    """A template among the sources stops no build."""
    files = compiled({"good.py": b"", "bad.py": b"{{ template }} of a module"}, sys.executable, "/var/task")
    assert [Path(name).name.split(".")[0] for name in files] == ["good"]


def test_without_a_python_of_the_runtimes_version_there_is_none() -> None:
    """No other Python is taken for it: compiled files of another version would be ignored."""
    assert find_python("python3.99") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runtime", "python3.9"], "the runtime must be python3.11 or newer"),
        (["--architecture", "riscv"], "the architecture must be one of arm64, x86_64"),
    ],
)
def test_a_wrong_target_is_an_error(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """What cannot be built is said, and the exit status lets `make` fail."""
    assert package.main(arguments) == 1
    assert message in capsys.readouterr().err
