"""Evaluating many files, on all cores."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice

from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Part
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.backtest.plan import Plan
from cloudtrail_to_slack_cli.backtest.state import State
from cloudtrail_to_slack_cli.errors import CommandError

# Below it a second process takes longer to start than it saves.
_WORTH_A_PROCESS = 4 * 1024 * 1024
_BYTES_PER_FILE = 8 * 1024  # what a file takes besides its bytes, as a number of bytes that take as long
_AHEAD = 3  # groups of files for each process: what is done early waits in memory

_workers: list["Worker"] = []  # that of this process


@dataclass(frozen=True, slots=True)
class Worker:
    """Evaluates groups of files; with a state, those that it has no result of."""

    evaluator: Evaluator
    state: State | None = None

    def evaluate(self, files: Sequence[LogFile]) -> Part:
        """Return the result of a group."""
        if self.state is None:
            return self.evaluator.evaluate(files)
        found = self.state.load(files)
        if found is None:
            found = self.evaluator.evaluate(files)
            self.state.save(files, found)
        return found


def evaluate_files(worker: Worker, plan: Plan, processes: int) -> Generator[Part]:
    """Yield the results of all files, in their order, however many processes there are.

    Raises:
        CommandError: a process was ended.
    """
    groups = plan.groups()
    if processes <= 1 or plan.files == 1 or plan.size + plan.files * _BYTES_PER_FILE < _WORTH_A_PROCESS:
        try:
            yield from map(worker.evaluate, groups)
        finally:
            worker.evaluator.opener.close()
        return
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context(_start_method()), _begin, (worker,))
    try:
        yield from _in_order(pool, groups, processes * _AHEAD)
    except BrokenProcessPool:
        raise CommandError("a process that evaluated log files was killed, perhaps because memory ran out") from None
    except (KeyboardInterrupt, GeneratorExit):  # what it has not finished it will do again
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_method() -> str:
    """Return how processes are started: a fork costs the least, and is safe if there is one thread."""
    if sys.platform == "linux" and threading.active_count() == 1:
        return "fork"
    return "spawn"


def _in_order(pool: ProcessPoolExecutor, groups: Iterator[list[LogFile]], ahead: int) -> Iterator[Part]:
    pending: deque[Future[Part]] = deque(pool.submit(_evaluate, group) for group in islice(groups, ahead))
    while pending:
        part = pending.popleft().result()
        following = next(groups, None)
        if following is not None:
            pending.append(pool.submit(_evaluate, following))
        yield part


def _begin(worker: Worker) -> None:
    """Prepare a process: an interruption is for the one that started it to handle, and it ends with that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _workers[:] = [worker]
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)


def _evaluate(files: Sequence[LogFile]) -> Part:
    return _workers[0].evaluate(files)
