"""The layer builder as Terraform runs it where a plan is applied."""

import ast
import json
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.wheelhouse import LAYER_PROGRAM, Wheelhouse, bare_environment, build, finish, request, start


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Wheelhouse:
    """A wheelhouse with one wheel, `tiny`."""
    house = Wheelhouse(tmp_path / "wheels")
    house.add("tiny")
    return house


def _left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_layer_is_built_once_and_again_when_it_was_damaged(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """The zip lies where it was asked for; a second build needs neither pip nor wheels; damage is repaired."""
    asked = request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip")
    first = build(asked, wheelhouse.environment())
    assert (first.status, first.output, first.error) == (0, "", "")
    content = first.zip.read_bytes()

    assert build(asked, {**bare_environment(), "PIP_NO_INDEX": "1"}).status == 0
    assert first.zip.read_bytes() == content

    first.zip.write_bytes(content.replace(b"TAG", b"GAT"))
    assert build(asked, wheelhouse.environment()).status == 0
    assert first.zip.read_bytes() == content


def test_code_needs_neither_pip_nor_wheels(tmp_path: Path) -> None:
    """The layer of code holds the files that were asked for, in their package, and nothing else."""
    source = tmp_path / "package"
    (source / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/module.py", "inner/left_out.pyc"):
        (source / name).write_text(f"# {name}\n")
    asked = {"build": "code", "source": str(source), "files": ["__init__.py", "inner/module.py"],
             "output": str(tmp_path / "out" / "code.zip")}  # fmt: skip
    ran = build(asked, {**bare_environment(), "PIP_NO_INDEX": "1"})
    assert (ran.status, ran.output, ran.error) == (0, "", "")
    archive = zipfile.ZipFile(ran.zip)
    assert {name: archive.read(name).decode() for name in archive.namelist()} == {
        "python/package/__init__.py": "# __init__.py\n",
        "python/package/inner/module.py": "# inner/module.py\n",
    }


def test_a_wheels_libraries_are_taken_and_its_scripts_are_not(tmp_path: Path) -> None:
    """Of a wheel's data folder only what belongs among the packages goes into the layer."""
    house = Wheelhouse(tmp_path / "wheels")
    house.add(
        "tiny",
        files={
            "tiny-1.0.data/purelib/tiny.py": "",
            "tiny-1.0.data/platlib/tiny_too.py": "",
            "tiny-1.0.data/scripts/tiny": "#!python",
        },
    )
    ran = build(request(house.requirements(), tmp_path / "out" / "layer.zip"), house.environment())
    names = set(zipfile.ZipFile(ran.zip).namelist())
    assert {name for name in names if ".dist-info/" not in name} == {"python/tiny.py", "python/tiny_too.py"}
    assert "python/tiny-1.0.dist-info/METADATA" in names


@pytest.mark.parametrize(
    ("runtime", "architecture", "expected"),
    [
        ("python3.11", "x86_64", "cp311-cp311-manylinux_2_26_x86_64"),
        ("python3.13", "arm64", "cp313-cp313-manylinux2014_aarch64"),
        ("python3.14", "x86_64", "cp39-abi3-manylinux_2_34_x86_64"),
    ],
)
def test_the_wheel_fits_the_runtime(tmp_path: Path, runtime: str, architecture: str, expected: str) -> None:
    """Of a package's wheels the one is taken that its Python, processor and C library can load."""
    house = Wheelhouse(tmp_path / "wheels")
    tags = [
        "cp311-cp311-manylinux_2_26_x86_64",
        "cp311-cp311-manylinux_2_27_x86_64",
        "cp311-cp311-manylinux_2_17_aarch64",
        "cp311-cp311-musllinux_1_2_aarch64",
        "cp313-cp313-manylinux_2_34_x86_64",
        "cp314-cp314-manylinux_2_35_x86_64",
        "cp313-cp313-manylinux2014_aarch64",
        "cp313-cp313t-manylinux_2_28_aarch64",
        "cp313-cp313-macosx_11_0_arm64",
        "cp39-abi3-manylinux_2_34_x86_64",
    ]
    hashes = " ".join(f"--hash=sha256:{house.add('tiny', tag=tag)}" for tag in tags)
    house.pins = [f"tiny==1.0 {hashes}"]
    asked = request(house.requirements(), tmp_path / "out" / "layer.zip", runtime=runtime, architecture=architecture)
    ran = build(asked, house.environment())
    assert zipfile.ZipFile(ran.zip).read("python/tiny.py").decode() == f"TAG = {expected!r}\n"


def test_markers_are_evaluated_for_the_runtime_and_not_for_this_machine(tmp_path: Path) -> None:
    """A requirement for other Pythons or systems than Lambda's is left out, whatever runs the build."""
    house = Wheelhouse(tmp_path / "wheels")
    house.add("always")
    house.add("old", marker="python_version < '3.13'")
    house.add("new", marker="python_full_version >= '3.13' and sys_platform == 'linux'")
    house.add("intel", marker="platform_machine == 'x86_64' or os_name == 'nt'")

    def modules(runtime: str, architecture: str) -> set[str]:
        output = tmp_path / "out" / f"{runtime}-{architecture}.zip"
        asked = request(house.requirements(), output, runtime=runtime, architecture=architecture)
        names = zipfile.ZipFile(build(asked, house.environment()).zip).namelist()
        return {Path(name).stem for name in names if name.endswith(".py")}

    assert modules("python3.12", "arm64") == {"always", "old"}
    assert modules("python3.13", "x86_64") == {"always", "new", "intel"}


def test_two_plans_at_once_build_it_once(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """Of two plans that start together, one builds; the other waits and takes what it built."""
    asked = json.dumps(request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"))
    log = tmp_path / "pip.log"
    environment = {**wheelhouse.environment(), "PIP_LOG": str(log)}
    runs = [start(asked, environment=environment) for _ in range(3)]
    assert [finish(run).status for run in runs] == [0, 0, 0]
    assert log.read_text().count("Successfully downloaded") == 1


def test_a_wrong_hash_is_named_and_leaves_nothing(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """A package that is not the pinned one stops the build with a warning, and no layer comes of it."""
    wheelhouse.pins = [f"tiny==1.0 --hash=sha256:{'0' * 64}"]
    ran = build(request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"), wheelhouse.environment())
    assert (ran.status, ran.output) == (1, "")
    assert "is not the one that requirements.txt pins: its hash differs" in ran.error
    assert "tiny==1.0" in ran.error
    assert "Traceback" not in ran.error
    assert _left_in(tmp_path / "out") == [".lock"]


def test_a_requirement_without_a_hash_is_refused(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """Nothing unpinned gets into the layer."""
    wheelhouse.pins = ["tiny==1.0"]
    ran = build(request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"), wheelhouse.environment())
    assert ran.status == 1
    assert "Hashes are required" in ran.error


def test_no_pip_is_said_with_what_to_do(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """Where python3 has no pip the error says how to get it, and how to do without."""
    subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True
    )
    python = str(tmp_path / "bare" / "bin" / "python")
    ran = build(
        request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"), wheelhouse.environment(), python=python
    )
    assert ran.status == 1
    assert f"{python} has no pip; install it" in ran.error
    assert "set lambda_package to a zip that is ready" in ran.error


def test_no_wheel_for_the_runtime_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Where a package has no wheel for the runtime, the error names both."""
    house = Wheelhouse(tmp_path / "wheels")
    house.add("tiny", tag="cp311-cp311-manylinux_2_27_x86_64")
    asked = request(house.requirements(), tmp_path / "out" / "layer.zip", runtime="python3.11", architecture="x86_64")
    ran = build(asked, house.environment())
    assert ran.status == 1
    assert "no wheel of tiny==1.0 for python3.11 on x86_64 (glibc 2.26)" in ran.error
    assert "choose another runtime or architecture" in ran.error


def test_an_index_out_of_reach_is_said_with_what_to_do(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """Without a network the error speaks of the network, and not of a package that does not exist."""
    environment = {**bare_environment(), "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    ran = build(request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"), environment)
    assert ran.status == 1
    assert "pip got no answer from a package index; check the network, the proxy" in ran.error
    assert "Connection refused" in ran.error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runtime": "python3.10"}, "the runtime must be python3.11 or newer, not 'python3.10'"),
        ({"runtime": "nodejs22.x"}, "the runtime must be python3.11 or newer, not 'nodejs22.x'"),
        ({"architecture": "arm"}, "the architecture must be one of arm64, x86_64, not 'arm'"),
        ({"requirements": "/no/such/file"}, "/no/such/file: No such file or directory"),
        ({"output": "/dev/null/out/layer.zip"}, "/dev/null/out: Not a directory"),
        ({"build": "everything"}, '`build` must be "code" or "dependencies", not \'everything\''),
    ],
)
def test_a_request_that_cannot_be_met_is_said(
    wheelhouse: Wheelhouse, tmp_path: Path, change: dict[str, str], message: str
) -> None:
    """Each fault of a request is named in one message."""
    asked = {**request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"), **change}
    ran = build(asked, wheelhouse.environment())
    assert (ran.status, ran.output) == (1, "")
    assert f"A package of the function cannot be built: {message}\n" in ran.error


@pytest.mark.parametrize("text", ["", "[]", '{"build": "code"}', '{"build": "dependencies", "output": "layer.zip"}'])
def test_what_is_no_request_is_refused(text: str) -> None:
    """Anything but an object with the keys of its kind is refused."""
    ran = finish(start(text, environment=bare_environment()))
    assert ran.status == 1
    assert "the request must be a JSON object as request.py describes it" in ran.error


def test_a_marker_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A marker no one can read stops the build instead of leaving a package out."""
    house = Wheelhouse(tmp_path / "wheels")
    house.add("tiny", marker="python_versoin < '3.13'")
    ran = build(request(house.requirements(), tmp_path / "out" / "layer.zip"), house.environment())
    assert ran.status == 1
    assert "a marker that cannot be read: python_versoin < '3.13'" in ran.error


def test_stopped_in_the_middle_it_leaves_nothing(wheelhouse: Wheelhouse, tmp_path: Path) -> None:
    """When Terraform ends a build, no part of a layer stays behind."""
    asked = json.dumps(request(wheelhouse.requirements(), tmp_path / "out" / "layer.zip"))
    work = tmp_path / "work"
    work.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as index:  # one that never answers
        index.settimeout(60)
        url = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        run = start(asked, environment={**bare_environment(), "PIP_INDEX_URL": url, "TMPDIR": str(work)})
        connection, _ = index.accept()
        with connection:
            run.send_signal(signal.SIGTERM)
            ran = finish(run)
    assert (ran.status, ran.error) == (1, "stopped\n")
    assert _left_in(tmp_path / "out") == [".lock"]
    assert not list(work.glob("cloudtrail-to-slack-*"))


def test_the_builder_can_be_read_by_the_oldest_python_it_supports() -> None:
    """Every file of the builder is Python 3.9, and its first can be read by any Python 3, to say what is needed."""
    for path in LAYER_PROGRAM.parent.glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 9))
    ast.parse(LAYER_PROGRAM.read_text(), feature_version=(3, 0))
