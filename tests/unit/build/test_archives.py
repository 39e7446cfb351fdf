"""Zip files that are the same wherever they are built."""

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from cloudtrail_to_slack_build import archives
from cloudtrail_to_slack_build.archives import LAYOUT, is_whole, write_whole, zip_bytes

_FILES = {"python/b.py": b"B = 1\n", "python/a/__init__.py": b"", "python/é.txt": "é".encode()}
# What the files above come to, by layout. A change of the bytes needs a new LAYOUT, or caches keep the old ones.
_DIGESTS = {1: "ff5511404ce23ab72ec33d01f66a98821afb8967c02d4f7f9e7a84bd83742dd4"}


def test_the_bytes_of_a_layout_never_change() -> None:
    """The same files make the same zip on every Python and system, for as long as LAYOUT stays."""
    assert hashlib.sha256(zip_bytes(_FILES)).hexdigest() == _DIGESTS[LAYOUT]


def test_the_order_in_which_files_come_does_not_matter() -> None:
    """Names are sorted."""
    assert zip_bytes(_FILES) == zip_bytes(dict(reversed(_FILES.items())))


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """When the last step fails, the temporary file is gone too."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(OSError, match="taken"):
        write_whole(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("content", [None, b"", b"no zip", zip_bytes(_FILES)[:-30], zip_bytes(_FILES)[40:]])
def test_what_is_no_whole_zip_is_seen(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty, foreign or cut-off file is not taken for a layer."""
    path = tmp_path / "layer.zip"
    if content is not None:
        path.write_bytes(content)
    assert not is_whole(path)


def test_a_whole_zip_is_seen(tmp_path: Path) -> None:
    """What was written whole is whole, and holds what was put in."""
    path = tmp_path / "layer.zip"
    write_whole(path, zip_bytes(_FILES))
    assert is_whole(path)
    assert {name: zipfile.ZipFile(path).read(name) for name in _FILES} == _FILES


def test_terraform_names_its_files_by_the_same_layout() -> None:
    """packaging.tf has the number of the layout in the names of what it has built."""
    text = (Path(__file__).resolve().parents[3] / "packaging.tf").read_text()
    assert re.findall(r"^  layout\s+= ([0-9]+)$", text, re.MULTILINE) == [str(LAYOUT)]


def test_the_functions_own_zip_holds_no_code() -> None:
    """The zip that is kept beside the builder is a note, as this builder writes it."""
    path = Path(archives.__file__).with_name("function.zip")
    note = zipfile.ZipFile(path).read("README.txt")
    assert b"in its layers" in note
    assert path.read_bytes() == zip_bytes({"README.txt": note})
