"""The benchmarks run with the code as it is."""

from bench import memory


def test_the_memory_benchmark_reads_a_log_file() -> None:
    """The process whose memory is measured evaluates a log file to its end, within the limit of 200 MB."""
    assert 20 < memory.peak_megabytes(10) < 200
