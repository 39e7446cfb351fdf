"""Evaluating many files, on all cores."""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice

from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Part
from cloudtrail_to_slack_cli.backtest.sources import LogFile
from cloudtrail_to_slack_cli.errors import CommandError

# Below it a second process takes longer to start than it saves.
_WORTH_A_PROCESS = 4 * 1024 * 1024
_AHEAD = 3  # groups of files for each process: what is done early waits in memory
_FILES_AT_ONCE = 64
_BYTES_AT_ONCE = 8 * 1024 * 1024

_evaluators: list[Evaluator] = []  # that of this process


def evaluate_files(evaluator: Evaluator, files: Iterable[LogFile], processes: int) -> Iterator[Part]:
    """Yield the results of all files, in their order, however many processes there are.

    Raises:
        CommandError: a process was ended.
    """
    waiting = iter(files)
    first = list(islice(waiting, 1000))
    groups = _groups(chain(first, waiting))
    if processes <= 1 or len(first) == 1 or sum(file.size for file in first) < _WORTH_A_PROCESS:
        yield from map(evaluator.evaluate, groups)
        return
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(processes, context, _begin, (evaluator,))
    try:
        yield from _in_order(pool, groups, processes * _AHEAD)
    except BrokenProcessPool:
        raise CommandError("a process that evaluated log files was ended, perhaps for lack of memory") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _groups(files: Iterable[LogFile]) -> Iterator[list[LogFile]]:
    """Yield files in groups that are worth the way to another process; a large file is a group of its own."""
    group: list[LogFile] = []
    size = 0
    for file in files:
        if group and (len(group) >= _FILES_AT_ONCE or size + file.size > _BYTES_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(file)
        size += file.size
    if group:
        yield group


def _in_order(pool: ProcessPoolExecutor, groups: Iterator[list[LogFile]], ahead: int) -> Iterator[Part]:
    pending: deque[Future[Part]] = deque(pool.submit(_evaluate, group) for group in islice(groups, ahead))
    while pending:
        part = pending.popleft().result()
        following = next(groups, None)
        if following is not None:
            pending.append(pool.submit(_evaluate, following))
        yield part


def _begin(evaluator: Evaluator) -> None:
    """Prepare a process: an interruption is for the one that started it to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _evaluators[:] = [evaluator]


def _evaluate(files: Sequence[LogFile]) -> Part:
    return _evaluators[0].evaluate(files)
