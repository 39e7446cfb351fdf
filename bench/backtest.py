"""Backtests of many files: objects a second from a slow S3, how two processes compare with one, and their memory."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from bench import slow_s3
from bench.records import log_file

OBJECTS = 20_000
SECONDS = 0.02  # until S3 answers
_ONE_BY_ONE = 200  # objects that are read one after the other
_FILES, _RECORDS_PER_FILE = 60, 10_000

# It measures itself when the command has ended, and each process that it starts measures itself at its end. `alone` are
# the seconds of CPU before the first of those is started and after the last result is there.
_CODE = """
import json, multiprocessing.util, os, resource, sys, time
from concurrent.futures import ProcessPoolExecutor
from cloudtrail_to_slack_cli.main import run
began, ended, stop = [], [], ProcessPoolExecutor.shutdown
def shutdown(pool, **options):
    ended.append(time.process_time())
    stop(pool, **options)
ProcessPoolExecutor.shutdown = shutdown
os.register_at_fork(before=lambda: began.append(time.process_time()))
def measure():
    sys.stderr.write(json.dumps({"worker": time.process_time()}) + "\\n")
multiprocessing.util.register_after_fork(sys, lambda _: multiprocessing.util.Finalize(None, measure, exitpriority=1))
begin = time.perf_counter()
run(sys.argv[1:])
seconds, own = time.perf_counter() - begin, time.process_time()
alone = began[0] + own - ended[0] if began else own
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
megabytes = max(each.ru_maxrss for each in used) / 1024
cpu = sum(each.ru_utime + each.ru_stime for each in used)
sys.stderr.write(json.dumps({"seconds": seconds, "cpu": cpu, "alone": alone, "megabytes": megabytes}) + "\\n")
"""


@dataclass(frozen=True)
class Run:
    """What a backtest took: seconds, seconds of CPU of all processes, and the most memory of one of them in MB.

    `path` are the seconds of CPU of its longest path: what one process does alone, and the longest of those beside it.
    """

    seconds: float
    cpu: float
    path: float
    megabytes: float
    records: int


def objects_from_s3() -> tuple[float, float, Run]:
    """Return objects a second, as a multiple of one after the other, and the run."""
    with _slow_s3(OBJECTS) as url:
        begin = time.perf_counter()
        for number in range(_ONE_BY_ONE):
            with urlopen(f"{url}/trail/{number:07}.json.gz") as answer:  # noqa: S310 (our own server)
                answer.read()
        one_by_one = _ONE_BY_ONE / (time.perf_counter() - begin)
        ran = _run("s3://trail", AWS_ENDPOINT_URL=url)
    if ran.records != OBJECTS * slow_s3.RECORDS:
        raise RuntimeError("a backtest should read every object")
    rate = OBJECTS / ran.seconds
    return rate, rate / one_by_one, ran


def two_processes() -> tuple[float, float, Run]:
    """Return how many times as fast two processes are as one, the same by CPU time, and the run with two.

    By CPU time: how much faster they are if each has a core of its own, and nothing else runs on it.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number in range(_FILES):
            content = log_file(500, seed=number)
            (Path(folder) / f"{number:02}.json.gz").write_bytes(content * (_RECORDS_PER_FILE // 500))
        ones, twos = ([_run(folder, "--processes", count) for _ in range(3)] for count in "12")
    wall = min(run.seconds for run in ones) / min(run.seconds for run in twos)
    cpu = min(run.cpu for run in ones) / min(max(run.path, run.cpu / 2) for run in twos)
    return wall, cpu, max(twos, key=lambda run: run.megabytes)


def start_seconds() -> float:
    """Return the seconds of CPU that a backtest of one record takes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.json.gz").write_bytes(log_file(1))
        return min(_run(folder).cpu for _ in range(5))


@contextmanager
def _slow_s3(objects: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.slow_s3", str(objects), str(SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (our own program)
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def _run(*arguments: str, **environment: str) -> Run:
    """Run a backtest on all cores, in a process of its own."""
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
    ran = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", _CODE, "backtest", *arguments, "--format", "json", "--quiet"],
        env={**os.environ, **keys, **environment}, capture_output=True, text=True, check=True,
        preexec_fn=_on_all_cores,
    )  # fmt: skip
    *workers, measured = map(json.loads, ran.stderr.splitlines())
    path = measured["alone"] + max((each["worker"] for each in workers), default=0)
    found = re.search(r'"records": (\d+)', ran.stdout)
    return Run(measured["seconds"], measured["cpu"], path, measured["megabytes"], int(found[1]) if found else 0)


def _on_all_cores() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
