"""The benchmarks run with the code as it is."""

import json
import re
import tomllib
from typing import Any

import pytest
from bench import memory, others, workbench
from bench.records import log_file

from cloudtrail_to_slack_cli.backtest import plan
from support.pages import ROOT, page


@pytest.mark.long
def test_the_memory_benchmark_reads_a_log_file() -> None:
    """The process whose memory is measured evaluates a log file to its end, within the limit of 200 MB."""
    assert 20 < memory.peak_megabytes(10) < 200


@pytest.mark.long
def test_the_benchmarks_of_the_command_line_run() -> None:
    """Checking 1,000 rules, running 2,000 tests and a backtest are measured; how fast they are, `make bench` says."""
    assert workbench.check_seconds() > 0
    assert workbench.test_seconds() > 0
    assert workbench.backtest_ratio(log_file(5_000)) > 0


@pytest.mark.long
def test_other_ways_count_what_a_backtest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB, jq and Python are asked the same question, and answer alike; how fast they are, `make bench` says."""
    monkeypatch.setattr(others, "_ROUNDS", 1)
    found = {each.name: each.ratio for each in others.compare(10)}
    assert found.keys() == {"duckdb", "jq", "python"}
    assert all(ratio is None or ratio > 0 for ratio in found.values())


def recorded() -> dict[str, dict[str, Any]]:
    """Return what a run of `make -s bench` printed, by measure."""
    rows = map(json.loads, (ROOT / "bench/results.jsonl").read_text().splitlines())
    return {row["measure"]: row for row in rows}


def written(number: str, value: float) -> str:
    """Return a value with as many decimals as the documentation writes."""
    return f"{value:,.{len(number.partition('.')[2])}f}"


def test_the_table_of_speed_is_what_was_measured() -> None:
    """Every value and every aim is that of the recorded run, each aim was reached, and no measure is left out."""
    results, left = recorded(), set(recorded())
    for names, values, aim in re.findall(r"^\| (`.+?`) \| (.+?) \|(.*?)\|.*\|$", page("docs/testing.md"), re.MULTILINE):
        for name, value in zip(re.findall(r"`(\w+)`", names), values.split(", "), strict=True):
            measure = results[name]
            assert (name, value) == (name, written(value, measure["value"]))
            sign = "" if measure["target"] == 0 else "≥ " if measure["better"] == "higher" else "≤ "
            expected = "" if measure["target"] is None else f"{sign}{measure['target']:g}"
            assert (name, aim.strip()) == (name, expected)
            left.discard(name)
    assert not [name for name in left if not name.startswith("backtest_vs_")]
    for measure in results.values():
        value, target = measure["value"], measure["target"]
        assert target is None or (value >= target if measure["better"] == "higher" else value <= target)


def test_every_recorded_measure_is_measured() -> None:
    """The names and aims of the recorded run stand in the code of the benchmarks."""
    code = (ROOT / "bench/__main__.py").read_text()
    names = {name.partition("_vs_")[0] if name.startswith("backtest_vs_") else name for name in recorded()}
    assert not [name for name in names if name not in code]


def test_the_comparison_is_what_was_measured() -> None:
    """The tools' versions and ratios are those of the recorded run, with the version of DuckDB that is pinned."""
    text, results = page("docs/backtest.md"), recorded()
    row = r"^\| .*?(DuckDB|jq|Python).* \| ([0-9.]+) \| ([0-9.]+) \|$"
    rows = {name.lower(): (version, ratio) for name, version, ratio in re.findall(row, text, re.MULTILINE)}
    assert rows.keys() == {"duckdb", "jq", "python"}
    for name, (version, ratio) in rows.items():
        measure = results[f"backtest_vs_{name}_{others.FILES * others.RECORDS_PER_FILE}"]
        assert (version, ratio) == (measure["version"], written(ratio, measure["value"]))
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    assert f"duckdb=={rows['duckdb'][0]}" in pins
    fewer = others.FEWER_FILES * others.RECORDS_PER_FILE
    found = re.search(r"with ([0-9,]+) they took ([0-9.]+) and ([0-9.]+) times as long", text)
    assert found
    expected = [
        written(found[n], results[f"backtest_vs_{name}_{fewer}"]["value"]) for n, name in ((2, "python"), (3, "jq"))
    ]
    assert found.groups() == (f"{fewer:,}", *expected)
    start = re.search(r"A backtest takes ([0-9.]+) seconds of CPU to start", text)
    assert start
    assert start[1] == written(start[1], results["backtest_start_cpu_seconds"]["value"])


def test_what_a_terabyte_costs_is_worked_out() -> None:
    """The dollars follow from prices, from the size of log files, and from a time an object takes at most."""
    text = page("docs/backtest-spark.md")
    objects = 1e12 / 8e3
    assert f"{objects / 1e6:.0f} million objects" in text
    dollars = {what: int(cell) for what, cell in re.findall(r"^\| ([\w ]+) \| .* \| (\d+) \|$", text, re.MULTILINE)}
    milliseconds = re.search(r"([0-9.]+) ms of a core per object .*: (\d+) core hours", text)
    assert milliseconds
    assert recorded()["backtest_cpu_ms_per_object"]["value"] <= float(milliseconds[1])
    hours = float(milliseconds[1]) / 1000 * objects / 3600
    vcpu, memory = (float(price) for price in re.findall(r"\$([0-9.]+) per (?:vCPU|GB) hour", text))
    assert milliseconds[2] == f"{hours:.0f}"
    assert dollars == {
        "GET requests": round(objects * plan.DOLLARS_PER_GET),
        "LIST requests": round(objects / 1000 * plan.DOLLARS_PER_LIST),
        "compute": round(hours * (vcpu + 4 * memory)),
        "data transfer": 0,
    }


def test_the_example_of_a_dry_run_is_what_it_prints() -> None:
    """The page shows what the plan of so many files would say."""
    text = page("docs/backtest-logs.md")
    found = re.search(r"^([0-9,]+) files, ([0-9.]+) GB\n.*: ([0-9,]+) LIST", text, re.MULTILINE)
    assert found
    files, size, lists = int(found[1].replace(",", "")), float(found[2]) * 1e9, int(found[3].replace(",", ""))
    with plan.Plan(files=files, size=int(size), lists=lists, gets=files, bytes_in_s3=int(size)) as described:
        assert "\n".join(described.describe()) in text
