"""Evaluating log files on Apache Spark, where one machine is not enough.

The driver finds the files and distributes their names; executors read them, each with many requests in flight, and send
back partial results. Each has the number of the group of files with which it begins, and the driver adds them up in
that order. So the report is that of one machine, byte for byte, however many partitions there are, in whichever order
they end, and however often Spark runs one again.
"""

import os
import pickle
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Part
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.backtest.plan import Plan
from cloudtrail_to_slack_cli.errors import CommandError

if TYPE_CHECKING:
    from types import ModuleType

_PARTITIONS_PER_CORE = 4
_LARGEST_RESULT = 8 * 1024 * 1024  # bytes of matched events, after which a partial result is sent
Group = tuple[int, list[LogFile]]
Numbered = tuple[int, int, Part]  # the first and the last group, and their result

_evaluators: dict[bytes, Evaluator] = {}  # of this process: rules are compiled once in each


def evaluate_on_spark(evaluator: Evaluator, plan: Plan, *, partitions: int | None = None) -> Generator[Part]:
    """Yield the results of all files, in their order, evaluated in the active Spark session or a new one.

    Raises:
        CommandError: PySpark is not installed, or the job failed.
    """
    pyspark = _pyspark()
    session = pyspark.sql.SparkSession.builder.appName("cloudtrail-to-slack backtest").getOrCreate()
    context = session.sparkContext
    groups: list[Group] = list(enumerate(plan.groups()))
    count = partitions or min(len(groups), context.defaultParallelism * _PARTITIONS_PER_CORE)
    settings = pickle.dumps(evaluator)
    results = context.parallelize(groups, max(count, 1)).mapPartitions(partial(evaluate_groups, settings))
    # All partitions are evaluated at once, and kept on the executors' disks until the driver asks for each.
    results = results.persist(pyspark.StorageLevel.DISK_ONLY)
    try:
        results.count()
        yield from in_order(results.toLocalIterator())
    except pyspark.errors.PySparkException as error:
        raise CommandError(f"the Spark job failed: {error}") from None
    except Exception as error:
        if type(error).__module__.startswith("py4j"):
            raise CommandError(f"the Spark job failed: {str(error).splitlines()[0]}") from None
        raise
    finally:
        results.unpersist()


def evaluate_groups(settings: bytes, groups: Iterable[Group]) -> Iterator[Numbered]:
    """Evaluate the groups of a partition; yield partial results, each with the number of its first group."""
    evaluator = _evaluators.get(settings)
    if evaluator is None:
        evaluator = _evaluators[settings] = pickle.loads(settings)  # noqa: S301 (from our driver)
    with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
        evaluator.keeps = replace(evaluator.keeps, folder=folder)
        yield from merge((number, number, _portable(evaluator.evaluate(files))) for number, files in groups)


def merge(results: Iterable[Numbered]) -> Iterator[Numbered]:
    """Add up results that follow one another, as long as they are small."""
    begun: Numbered | None = None
    for first, last, part in results:
        if begun and first == begun[1] + 1 and begun[2].lines.size + begun[2].alerts.size <= _LARGEST_RESULT:
            begun[2].add(part)
            begun = begun[0], last, begun[2]
            continue
        if begun:
            yield begun
        begun = first, last, part
    if begun:
        yield begun


def in_order(results: Iterable[Numbered]) -> Iterator[Part]:
    """Yield results by number, as soon as all before are there; one that comes twice counts once."""
    waiting: dict[int, tuple[int, Part]] = {}
    following = 0
    for first, last, part in results:
        if first >= following:
            waiting.setdefault(first, (last, part))
        while following in waiting:
            last_of_it, found = waiting.pop(following)
            following = last_of_it + 1
            yield found
    if waiting:
        raise CommandError("the Spark job failed: some of its results are missing")


def _portable(part: Part) -> Part:
    """Return a result with all that it has in files."""
    part.lines.load()
    part.alerts.load()
    return part


def _pyspark() -> "ModuleType | Any":  # noqa: ANN401 (it may not be installed)
    try:
        import pyspark  # noqa: PLC0415 (only where it is asked for)
        import pyspark.errors  # noqa: PLC0415
        import pyspark.sql  # noqa: PLC0415
    except ImportError:
        raise CommandError(
            "--engine spark needs PySpark: install the extras `cli` and `spark`, or use spark-submit"
        ) from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else executors may take another Python
    return pyspark
