"""Playing histories in several processes."""

import multiprocessing
import os
import queue
import sys
import time
from collections.abc import Iterable
from contextlib import redirect_stdout, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from simulation.stage import Stage
from simulation.totals import Totals, play_all

_AT_ONCE = 25  # histories
_PROGRESS_SECONDS = 30.0
_Work: TypeAlias = "multiprocessing.Queue[range | None]"
_Done: TypeAlias = "multiprocessing.Queue[Totals]"


def played(seeds: range, processes: int, start: float) -> Totals:
    """Play the histories in processes of their own; tell from time to time how far it is."""
    context = multiprocessing.get_context("spawn")
    work: _Work = context.Queue()
    done: _Done = context.Queue()
    chunks = [seeds[first : first + _AT_ONCE] for first in range(0, len(seeds), _AT_ONCE)]
    for chunk in [*chunks, *([None] * processes)]:
        work.put(chunk)
    players = [context.Process(target=_play, args=(work, done), daemon=True) for _ in range(processes)]
    for player in players:
        player.start()
    totals, told = Totals(), start
    for _ in chunks:
        played = _next(done, players)
        if played is None:
            break
        totals.add(played)
        for seed, problems in played.failing.items():
            print(f"seed {seed}: {problems[0]}", flush=True)
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            rate = totals.histories / (told - start)
            print(
                f"{totals.histories:,} of {len(seeds):,}, {rate:.1f} a second, problems {totals.problems}", flush=True
            )
    for player in players:
        player.join()
    return totals


def _next(done: _Done, players: Iterable[BaseProcess]) -> Totals | None:
    """Wait for the next part of the result; None when there will be none."""
    while True:
        try:
            return done.get(timeout=5)
        except KeyboardInterrupt:
            return None  # it has interrupted the players too; what was played counts
        except queue.Empty:
            if any(player.exitcode not in (None, 0) for player in players):
                print("a process of this run has failed", file=sys.stderr)
                for player in players:
                    player.terminate()
                return None


def _play(work: _Work, done: _Done) -> None:
    # An interruption leaves threads behind that would say where they are.
    with suppress(KeyboardInterrupt), Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), Stage() as stage:
        while chunk := work.get():
            done.put(play_all(stage, chunk))
