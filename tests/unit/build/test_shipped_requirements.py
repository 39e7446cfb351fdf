"""The layer of what requirements.txt pins, built with pip for real."""

import json
import os
import re
import zipfile
from pathlib import Path

import pytest

from support.wheelhouse import finish, request, start

_REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements.txt"
# The field e_machine of an ELF header, at byte 18.
_ELF_MACHINES = {"arm64": 183, "x86_64": 62}


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The default layer, built twice at once: in other folders, with other file modes, clocks and hash seeds."""
    surroundings = [(0o022, {"TZ": "UTC", "PYTHONHASHSEED": "1"}), (0o077, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2"})]
    runs, zips = [], []
    for number, (mask, environment) in enumerate(surroundings):
        zips.append(_folder_of_this_run(tmp_path_factory) / f"layer-{number}" / "layer.zip")
        asked = request(_REQUIREMENTS, zips[-1])
        before = os.umask(mask)
        try:
            runs.append(start(json.dumps(asked), environment={**os.environ, **environment}))
        finally:
            os.umask(before)
    assert [finish(run).error for run in runs] == ["", ""]
    return zips


def _folder_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share, so that only one of them builds."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _names(layer: Path) -> list[str]:
    return [name.removeprefix("python/") for name in zipfile.ZipFile(layer).namelist()]


def test_it_is_the_same_byte_for_byte(layers: list[Path]) -> None:
    """Two builds that share nothing but the requirements are equal."""
    first, second = layers
    assert first.parent != second.parent
    assert first.read_bytes() == second.read_bytes()


def test_it_holds_every_pinned_package_and_no_other(layers: list[Path]) -> None:
    """Each pin is in the layer in its version, with the metadata it is known by; boto3, which Lambda has, is not."""
    # For the default runtime, that is; a pin may be for older ones alone.
    lines = re.findall(r"^([\w.-]+==[\w.]+)(.*)", _REQUIREMENTS.read_text(), re.MULTILINE)
    pinned = {pin for pin, marker in lines if "< '3.12'" not in marker}
    found = {re.match(r"(.+)-([^-]+)\.dist-info/METADATA$", name) for name in _names(layers[0])}
    assert {f"{match[1].replace('_', '-').lower()}=={match[2]}" for match in found if match} == pinned
    assert not any(pin.startswith(("boto3=", "botocore=")) for pin in pinned)


def test_its_compiled_parts_are_for_the_functions_processor(layers: list[Path]) -> None:
    """Every shared library in the layer is for arm64 and for no other Python than 3.13."""
    archive = zipfile.ZipFile(layers[0])
    libraries = [name for name in archive.namelist() if name.endswith(".so")]
    assert {Path(name).parts[1] for name in libraries} >= {"isal", "msgspec"}
    for name in libraries:
        content = archive.read(name)
        assert int.from_bytes(content[18:20], "little") == _ELF_MACHINES["arm64"], name
        assert "cpython-313-" in name or ".abi3." in name, name


def test_nothing_in_it_depends_on_the_machine_that_built_it(layers: list[Path]) -> None:
    """No compiled Python and no scripts; times, modes and order are fixed, and nothing is compressed."""
    entries = zipfile.ZipFile(layers[0]).infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert not any(name.endswith(".pyc") or name.startswith("python/bin/") for name in names)
    facts = {(entry.date_time, entry.external_attr, entry.create_system, entry.compress_type) for entry in entries}
    assert facts == {((1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3, zipfile.ZIP_STORED)}


def test_it_is_small_enough_to_upload(layers: list[Path]) -> None:
    """Lambda takes zips of up to 50 MB directly; the layer stays far below."""
    assert layers[0].stat().st_size < 20 * 1024 * 1024
