"""The benchmarks run with the code as it is."""

import pytest
from bench import memory, workbench
from bench.records import log_file


def test_the_memory_benchmark_reads_a_log_file() -> None:
    """The process whose memory is measured evaluates a log file to its end, within the limit of 200 MB."""
    assert 20 < memory.peak_megabytes(10) < 200


@pytest.mark.long
def test_the_benchmarks_of_the_command_line_run() -> None:
    """Checking 1,000 rules, running 2,000 tests and a backtest are measured; how fast they are, `make bench` says."""
    assert workbench.check_seconds() > 0
    assert workbench.test_seconds() > 0
    assert workbench.backtest_ratio(log_file(5_000)) > 0
