"""Run as many histories as asked for: `python -m simulation 50000 --seed 7 --processes 4`.

A history is known by its seed, and those of a run are consecutive: what a run of 1,000 with the seed 7 found at 512 is
found again by a run of one with the seed 512. Ends with 1 when anything was lost, or delivered again without a cause.
"""

import argparse
import os
import secrets
import sys
import time

from simulation.processes import run_in_processes

_SHOWN = 10


def main(arguments: list[str] | None = None) -> int:
    """Run the histories that the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="make faults", description="Run random histories with faults and check them.")
    parser.add_argument("histories", type=int, nargs="?", default=2000, help="how many (N=)")
    parser.add_argument("--seed", type=int, help="the first history's seed (SEED=)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many at once (PROCESSES=)")
    asked = parser.parse_args(arguments)
    seed: int = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    seeds = range(seed, seed + asked.histories)
    print(f"{len(seeds):,} histories, seed {seed}, in {asked.processes} processes", flush=True)
    start = time.monotonic()
    report = run_in_processes(seeds, asked.processes, start)
    seconds = time.monotonic() - start
    print(f"{report}\nseed {seed}, {seconds:,.0f} s, {report.histories / seconds:.1f} histories a second")
    for failing, problems in list(report.failing.items())[:_SHOWN]:
        print(f"\nseed {failing}; to see it again: make faults N=1 SEED={failing}")
        print("\n".join(f"  {problem}" for problem in problems[:_SHOWN]))
    return 1 if report.problems or report.histories != len(seeds) else 0


if __name__ == "__main__":
    sys.exit(main())
