"""The benchmarks run with the code as it is."""

from bench import memory, workbench
from bench.records import log_file


def test_the_memory_benchmark_reads_a_log_file() -> None:
    """The process whose memory is measured evaluates a log file to its end, within the limit of 200 MB."""
    assert 20 < memory.peak_megabytes(10) < 200


def test_the_command_line_is_quick() -> None:
    """A file of 1,000 rules is checked in less than two seconds of CPU, and its 2,000 tests run in less than five."""
    assert workbench.check_seconds() < 2
    assert workbench.test_seconds() < 5


def test_a_backtest_is_almost_as_fast_as_the_function() -> None:
    """A backtest takes little longer than the function's own way from a log file to its alerts."""
    assert workbench.backtest_ratio(log_file(5_000)) > 0.5
