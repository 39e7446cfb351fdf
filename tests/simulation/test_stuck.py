"""A run that is stuck ends, and shows where: nothing that waits in it does so without a limit."""

import faulthandler
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from simulation import processes, virtual_clock
from simulation.report import Report
from simulation.virtual_clock import StuckError, Task, VirtualClock


def test_a_task_that_keeps_its_turn_fails_with_its_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that waits for something that never comes ends the history, which says where the task is."""
    monkeypatch.setattr(virtual_clock, "_LONGEST_TURN_SECONDS", 0.2)
    never = threading.Event()

    def wait_for_what_never_comes() -> None:
        never.wait()

    clock = VirtualClock(0.0, random.Random(1))  # noqa: S311 (always the same)
    clock.at(0.0, partial(clock.begin, Task(7, 100.0), wait_for_what_never_comes))
    with pytest.raises(StuckError, match=r"(?s)task 7 has kept its turn.*wait_for_what_never_comes"):
        clock.run()
    never.set()


def _never_ends(is_ready: Event) -> None:
    faulthandler.register(signal.SIGUSR1)
    is_ready.set()
    threading.Event().wait()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # it locks nothing
@pytest.mark.parametrize("waits", [True, False])
def test_a_process_that_is_stuck_is_ended_with_its_stack(capfd: pytest.CaptureFixture[str], *, waits: bool) -> None:
    """A process that brings no result, or does not end after it, prints where it is and is ended."""
    context = multiprocessing.get_context("fork")
    done: multiprocessing.Queue[Report] = context.Queue()
    is_ready = context.Event()
    worker = context.Process(target=_never_ends, args=(is_ready,), daemon=True)
    worker.start()
    assert is_ready.wait(30)
    if waits:
        assert processes._next(done, [worker], 0.0) is None  # noqa: SLF001 (what would take minutes)
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(processes, "_END_SECONDS", 0.0)
            processes._end([worker])  # noqa: SLF001 (likewise)
    worker.join(30)
    assert worker.exitcode
    error = capfd.readouterr().err
    assert "in _never_ends" in error
    assert ("is stuck" if waits else "does not end") in error


_ENDLESS = """
import time
from simulation import processes

processes._PROGRESS_SECONDS = 0.0
processes.run_in_processes(range(10**6), 2, time.monotonic())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_no_process(number: signal.Signals) -> None:
    """However a run ends, its processes end with it: all of them hold its standard error, which comes to its end."""
    with subprocess.Popen(  # noqa: S603 (our own code)
        [sys.executable, "-c", _ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 (no threads yet)
    ) as run:
        assert run.stdout
        assert b"a second" in run.stdout.readline()
        if number == signal.SIGINT:  # a terminal interrupts all of them
            os.killpg(run.pid, number)
        else:
            run.send_signal(number)
        run.communicate(timeout=60)
