"""Backtests of archives: zip and tar, whole, damaged and hostile."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.testing import make_event
from support.command_line import Ran, cloudtrail_to_slack

EVENT = make_event("DeleteTrail", source="cloudtrail")
DOCUMENT = json.dumps({"Records": [EVENT, EVENT]}).encode()
FILES = {
    "AWSLogs/1.json.gz": gzip.compress(DOCUMENT),
    "AWSLogs/2.json": DOCUMENT,
    "./lines.jsonl": json.dumps(EVENT).encode(),
    "record.json": json.dumps(EVENT).encode(),
}
OTHERS = {"notes.txt": b"no log file", ".hidden/x.json": DOCUMENT, "__MACOSX/._x.json": b"x", "folder/": b""}
MATCHED = 6


def zipped(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: Mapping[str, bytes], mode: str) -> Path:
    """Write a tar archive."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # one of the modes that it knows
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            archive.addfile(info, io.BytesIO(content))
    return path


def report_of(ran: Ran) -> dict[str, object]:
    """Return the report, with the problems by the name of the file in the archive."""
    report = json.loads(ran.out)
    return {**report, "damaged": {each["file"].rpartition("!/")[2]: each["problem"] for each in report["damaged"]}}


def backtest(path: Path) -> dict[str, object]:
    """Return the report of a backtest in JSON."""
    return report_of(cloudtrail_to_slack("backtest", path, "--format", "json", "-q"))


@pytest.mark.parametrize("kind", ["deflated.zip", "stored.zip", "x.tar", "x.tar.gz", "x.tgz", "prepended.zip"])
def test_files_in_an_archive_are_log_files(tmp_path: Path, kind: str) -> None:
    """Each kind of archive gives the records of the files in it, under their names; other files are passed over."""
    path, files = tmp_path / kind, FILES | OTHERS
    if kind.endswith(".zip"):
        zipped(path, files, zipfile.ZIP_STORED if kind.startswith("stored") else zipfile.ZIP_DEFLATED)
        if kind.startswith("prepended"):
            path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    else:
        tarred(path, files, "w" if kind == "x.tar" else "w:gz")
    ran = cloudtrail_to_slack("backtest", tmp_path, "--format", "jsonl")
    sources = [json.loads(line)["source"] for line in ran.out.splitlines()]
    names = [
        "AWSLogs/1.json.gz",
        "AWSLogs/1.json.gz",
        "AWSLogs/2.json",
        "AWSLogs/2.json",
        "./lines.jsonl",
        "record.json",
    ]
    assert sources == [f"{path}!/{name}" for name in names]
    assert "records in 4 files" in ran.err


def test_a_zip_of_more_than_4_gigabytes_is_read_by_its_wide_fields(tmp_path: Path) -> None:
    """Sizes and offsets in the fields of ZIP64 are read."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.json", "w", force_zip64=True) as file:
        file.write(DOCUMENT)
    content = path.read_bytes()
    at = content.index(b"PK\1\2")
    entry = bytearray(content[at : content.index(b"PK\5\6")])
    size = struct.unpack_from("<L", entry, 20)[0]
    extra = struct.pack("<2H3Q", 1, 24, size, size, 0)
    struct.pack_into("<2L", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<L", entry, 42, 0xFFFFFFFF)
    struct.pack_into("<H", entry, 30, len(extra))
    wide = bytes(entry[: 46 + len("a.json")]) + extra
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(wide), at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at + len(wide), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(content[:at] + wide + end_64 + locator + end)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("a.json") == DOCUMENT
    assert backtest(path)["matched"] == 2


def test_a_tar_inside_which_names_lie_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that leave the folder, absolute names, links and escapes write nothing, and are shown harmlessly."""
    monkeypatch.chdir(tmp_path)
    names = ["../../evil.json", "/etc/evil.json", "a\x1b[31m\n.json", "x" * 300 + ".json", "C:\\evil.json"]
    zipped(tmp_path / "x.zip", dict.fromkeys(names, b"{"))
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"{"))
        link = tarfile.TarInfo("link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    ran = cloudtrail_to_slack("backtest", tmp_path, "--format", "json")
    assert sorted(tmp_path.rglob("*")) == before
    assert ran.code == 3
    assert len(json.loads(ran.out)["damaged"]) == 10
    assert "\x1b" not in ran.err
    assert f"damaged: {tmp_path}/x.zip!/../../evil.json" in ran.err


@pytest.mark.long
def test_damaged_and_hostile_members_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """Bombs, nested archives, encrypted, oddly compressed and damaged files are problems; others are read."""
    bomb = b'{"Records":[' + b" " * 150_000_000 + b"]}"
    files = {
        "good.json": DOCUMENT, "inner.zip": b"PK", "inner.tar.gz": b"x", "inner-bomb.json.gz": gzip.compress(bomb),
        "broken.json.gz": gzip.compress(DOCUMENT)[:-20], "bomb.json": bomb, "last.jsonl": json.dumps(EVENT).encode(),
    }  # fmt: skip
    for kind in ("x.zip", "x.tar.gz"):
        path = tmp_path / kind
        if kind == "x.zip":
            zipped(path, files)
        else:
            tarred(path, files, "w:gz")
        report = backtest(path)
        problems = report["damaged"]
        assert isinstance(problems, dict)
        if kind == "x.zip":
            assert report["matched"] == 3
            assert set(problems) == set(files) - {"good.json", "last.jsonl"}
            assert "250 times its size" in problems["bomb.json"]
        else:  # a bomb in a tar.gz ends it: what comes after it cannot be reached in bounded time
            assert report["matched"] == 2
            assert "250 times its size" in problems[str(path)]
        assert problems["inner.zip"] == "it is an archive inside an archive: extract it first"
        assert problems["broken.json.gz"] == "it is truncated"
        assert "250 times its size" in problems["inner-bomb.json.gz"]


def test_zip_directories_that_lie_are_refused(tmp_path: Path) -> None:
    """Overlapping files, encrypted ones, wrong checksums, other methods and truncation are reported, each as it is."""
    whole = zipped(tmp_path / "whole.zip", {"a.json": DOCUMENT, "b.json": DOCUMENT}).read_bytes()
    first = whole.index(b"PK\1\2")

    def patched(name: str, offset: int, form: str, value: int) -> str:
        content = bytearray(whole)
        struct.pack_into(form, content, first + offset, value)
        path = tmp_path / name
        path.write_bytes(content)
        problems = backtest(path)["damaged"]
        assert isinstance(problems, dict)
        return str(problems.get("a.json") or problems.get(str(path)))

    assert patched("encrypted.zip", 8, "<H", 1) == "it is encrypted"
    assert patched("method.zip", 10, "<H", 14).startswith("it is compressed by method 14")
    assert patched("checksum.zip", 16, "<L", 1).startswith("its checksum is wrong")
    assert patched("overlap.zip", 20, "<L", len(whole) - 10) == "it is not a valid zip archive: its files overlap"
    assert patched("far.zip", 42, "<L", 2**31).endswith("its files overlap")
    assert patched("offset.zip", 42, "<L", 7).endswith("contradicts itself")
    assert patched("signature.zip", 0, "<L", 7).endswith("contradicts itself")
    for cut in (5, 60, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        assert backtest(tmp_path / "cut.zip")["damaged"] == {
            str(tmp_path / "cut.zip"): "it is not a zip archive, or is truncated"
        }


def test_no_damaged_header_passes_for_the_end_of_a_tar_archive(tmp_path: Path) -> None:
    """A header that is garbled or cut, or an end that is missing, is reported; what came before is read."""
    whole = tarred(tmp_path / "whole.tar", {"a.json": DOCUMENT, "b.json": DOCUMENT}, "w").read_bytes()
    second = whole.index(b"b.json")
    damaged = {
        "garbled": whole[:second] + b"x" * 512 + whole[second + 512 :],
        "cut": whole[: second + 100],
        "no-end": whole[:second],
    }
    for name, content in damaged.items():
        for ending, pack in ((".tar", bytes), (".tar.gz", gzip.compress)):
            path = tmp_path / f"{name}{ending}"
            path.write_bytes(pack(content))
            report = backtest(path)
            assert report["matched"] == 2
            assert report["damaged"] == {str(path): "it is not a valid tar archive, or is truncated"}


def test_tar_archives_one_after_the_other_are_all_read(tmp_path: Path) -> None:
    """What concatenated archives hold is read, with any padding between and after them."""
    whole = tarred(tmp_path / "whole.tar", {"a.json": DOCUMENT}, "w").read_bytes()
    for ending, pack in ((".tar", bytes), (".tar.gz", gzip.compress)):
        (tmp_path / f"two{ending}").write_bytes(pack(whole + whole + bytes(4096)))
        report = backtest(tmp_path / f"two{ending}")
        assert (report["matched"], report["damaged"]) == (4, {})


def test_tar_headers_that_lie_are_refused(tmp_path: Path) -> None:
    """Truncation, sizes that lead backwards and names of gigabytes end the archive; what came before is read."""
    whole = tarred(tmp_path / "whole.tar", {"a.json": DOCUMENT, "b.json": DOCUMENT}, "w").read_bytes()
    second = whole.index(b"b.json")

    def problem(name: str, content: bytes) -> tuple[object, str]:
        (tmp_path / name).write_bytes(content)
        report = backtest(tmp_path / name)
        problems = report["damaged"]
        assert isinstance(problems, dict)
        return report["matched"], list(problems.values())[-1]

    def header(size: bytes, kind: bytes = b"0") -> bytes:
        block = bytearray(whole[second : second + 512])
        block[124:136] = size
        block[156:157] = kind
        block[148:156] = b" " * 8
        block[148:156] = f"{sum(block):06o}\0 ".encode()
        return bytes(block)

    for ending, pack in ((".tar", bytes), (".tar.gz", gzip.compress)):
        matched, words = problem(f"cut{ending}", pack(whole[: second + 512 + 10]))
        assert (matched, words) == (2, "it is truncated") or words == "it is not a valid tar archive, or is truncated"
        negative = b"\xff" * 11 + b"\x00"
        matched, words = problem(f"back{ending}", pack(whole[:second] + header(negative) + whole[second + 512 :]))
        assert matched == 2
        assert "tar archive" in words
        for kind in (b"L", b"x", b"g"):
            matched, words = problem(
                f"long{ending}", pack(whole[:second] + header(b"77777777777\0", kind) + bytes(99999))
            )
            assert matched == 2
            assert words in (
                "it has a name or a header of more than 1,048,576 bytes",
                "it is not a valid tar archive, or is truncated",
            )
    assert problem("none.tar.gz", b"hello") == (0, "it is not a valid tar archive, or is truncated")
    assert problem("empty.tar", b"") == (0, "it is not a valid tar archive, or is truncated")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_ends_the_run(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever bytes of an archive are changed or cut off, the report is written, and names what is damaged."""
    kind = data.draw(st.sampled_from(["x.zip", "x.tar", "x.tar.gz"]))
    whole = tmp_path / f"whole-{kind}"
    if not whole.exists():
        small = {name: content for name, content in FILES.items() if len(content) < 5000}
        zipped(whole, small) if kind == "x.zip" else tarred(whole, small, "w:gz" if kind == "x.tar.gz" else "w")
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / kind
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    ran = cloudtrail_to_slack("backtest", path, "--format", "json", "-q")
    assert ran.code in (0, 3)
    assert "Traceback" not in ran.err
    if ran.code == 0:
        report = json.loads(ran.out)
        assert report["records"] == sum(report[name] for name in ("matched", "ignored", "unmatched", "failed"))
