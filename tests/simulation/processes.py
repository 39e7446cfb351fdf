"""Run histories in several processes."""

import faulthandler
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from simulation.environment import Environment
from simulation.report import Report, run_all

_AT_ONCE = 25  # histories
_PROGRESS_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = 900.0  # for some histories of any process
_END_SECONDS = 60.0  # for the processes to end
_Work: TypeAlias = "multiprocessing.Queue[range | None]"
_Done: TypeAlias = "multiprocessing.Queue[Report]"


def run_in_processes(seeds: range, processes: int, start: float) -> Report:
    """Run the histories in processes of their own, and print the progress from time to time."""
    context = multiprocessing.get_context("spawn")
    work: _Work = context.Queue()
    work.cancel_join_thread()  # after an interruption, what was not taken is not waited for
    done: _Done = context.Queue()
    chunks = [seeds[first : first + _AT_ONCE] for first in range(0, len(seeds), _AT_ONCE)]
    for chunk in [*chunks, *([None] * processes)]:
        work.put(chunk)
    workers = [context.Process(target=_work, args=(work, done), daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    report, printed = Report(), start
    for _ in chunks:
        part = _next(done, workers, _LONGEST_WAIT_SECONDS)
        if part is None:
            break
        report.add(part)
        for seed, problems in part.failing.items():
            print(f"seed {seed}: {problems[0]}", flush=True)
        if time.monotonic() - printed > _PROGRESS_SECONDS:
            printed = time.monotonic()
            rate = report.histories / (printed - start)
            print(
                f"{report.histories:,} of {len(seeds):,}, {rate:.1f} a second, problems {report.problems}", flush=True
            )
    _end(workers)
    return report


def _next(done: _Done, workers: Sequence[BaseProcess], most_seconds: float) -> Report | None:
    """Wait for the next part of the result; None when there will be none."""
    until = time.monotonic() + most_seconds
    while True:
        try:
            return done.get(timeout=5)
        except KeyboardInterrupt:
            return None  # it has interrupted the workers too; what has run counts
        except queue.Empty:
            problem = "has failed" if any(worker.exitcode not in (None, 0) for worker in workers) else ""
            if time.monotonic() > until:
                problem = "is stuck"
                _show_stacks(workers)
            if problem:
                print(f"a process of this run {problem}", file=sys.stderr)
                for worker in workers:
                    worker.terminate()
                return None


def _end(workers: Sequence[BaseProcess]) -> None:
    """Wait for the processes to end; show where one is that does not, and end it."""
    until = time.monotonic() + _END_SECONDS
    for worker in workers:
        worker.join(max(until - time.monotonic(), 0.1))
    alive = [worker for worker in workers if worker.is_alive()]
    _show_stacks(alive)
    for worker in alive:
        print("a process of this run does not end", file=sys.stderr)
        worker.kill()
        worker.join()


def _show_stacks(workers: Sequence[BaseProcess]) -> None:
    """Let each process print where all its threads are."""
    for worker in workers:
        if worker.pid and worker.is_alive():
            os.kill(worker.pid, signal.SIGUSR1)
            time.sleep(1)  # so that they do not print into each other


def _work(work: _Work, done: _Done) -> None:
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # with what it has started
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # An interruption leaves threads behind that would print their tracebacks.
    with (
        suppress(KeyboardInterrupt),
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        Environment() as environment,
    ):
        while chunk := work.get():
            done.put(run_all(environment, chunk))


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)  # what it has started ends with it
