"""The benchmarks run with the code as it is."""

import re
import tomllib

import pytest
from bench import memory, others, workbench
from bench.records import log_file

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
    monkeypatch.setattr(others, "_FILES", 10)
    monkeypatch.setattr(others, "_ROUNDS", 1)
    found = {each.name: each.ratio for each in others.compare()}
    assert found.keys() == {"duckdb", "jq", "python"}
    assert all(ratio is None or ratio > 0 for ratio in found.values())


def test_the_comparison_names_the_versions_that_are_measured() -> None:
    """The table of other ways has the version of DuckDB that is pinned, and a figure for each way."""
    rows = dict(
        re.findall(r"^\| .*?(DuckDB|jq|Python).* \| ([0-9.]+) \| [0-9.]+ \|$", page("docs/backtest.md"), re.MULTILINE)
    )
    assert rows.keys() == {"DuckDB", "jq", "Python"}
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    assert f"duckdb=={rows['DuckDB']}" in pins
