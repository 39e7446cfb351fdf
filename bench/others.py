"""A backtest beside what people use today, on the same files and the same question: DuckDB, jq, and plain Python.

Each runs in a fresh process on one core, and counts the events that the default rules match, or the nearest that each
can say: without the exceptions for IAM Identity Center and for calls that AWS makes as root. All must count the same.
"""

import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.records import log_file

FILES, FEWER_FILES = 400, 100
RECORDS_PER_FILE = 500
_ROUNDS = 2

_CALLS = (
    "StopLogging", "UpdateTrail", "DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "DeleteEventDataStore",
    "StopEventDataStoreIngestion",
)  # fmt: skip

_DUCKDB = """
import sys, duckdb
calls = {calls!r}
found = duckdb.execute(f'''
    SET threads = 1; SET enable_progress_bar = false;
    WITH events AS (
        SELECT unnest(Records) AS r FROM read_json('{{sys.argv[1]}}/*.json.gz', format = 'auto', columns = {{{{
            Records: 'STRUCT(eventName VARCHAR, eventSource VARCHAR, errorCode VARCHAR, additionalEventData
                STRUCT(MFAUsed VARCHAR), userIdentity STRUCT("type" VARCHAR, accountId VARCHAR))[]'}}}})
    )
    SELECT count(*) FROM events WHERE r.errorCode LIKE '%UnauthorizedOperation'
        OR (r.errorCode LIKE 'AccessDenied%' AND r.userIdentity.accountId IS DISTINCT FROM 'ANONYMOUS_PRINCIPAL')
        OR (r.eventName = 'ConsoleLogin' AND r.additionalEventData.MFAUsed IS DISTINCT FROM 'Yes')
        OR (r.userIdentity."type" = 'Root' AND NOT regexp_matches(r.eventName, '^(Get|List|Describe|Head)'))
        OR (r.eventSource = 'cloudtrail.amazonaws.com' AND list_contains({{calls}}, r.eventName))
''').fetchone()
print(found[0])
"""

_JQ = """
.Records[] | select(
    ((.errorCode // "") | endswith("UnauthorizedOperation") or startswith("AccessDenied"))
        and (.userIdentity.accountId != "ANONYMOUS_PRINCIPAL" or (.errorCode | startswith("AccessDenied") | not))
    or (.eventName == "ConsoleLogin" and .additionalEventData.MFAUsed? != "Yes")
    or (.userIdentity.type == "Root" and (.eventName | test("^(Get|List|Describe|Head)") | not))
    or (.eventSource == "cloudtrail.amazonaws.com" and (.eventName as $name | %s | index([$name]) != null))
) | .eventID
"""

_PYTHON = """
import glob, gzip, json, sys
calls = {calls!r}
found = 0
for path in glob.glob(sys.argv[1] + "/*.json.gz"):
    with gzip.open(path) as file:
        for r in json.load(file)["Records"]:
            error, name = r.get("errorCode") or "", r.get("eventName") or ""
            who = r.get("userIdentity") or {{}}
            found += (
                error.endswith("UnauthorizedOperation")
                or (error.startswith("AccessDenied") and who.get("accountId") != "ANONYMOUS_PRINCIPAL")
                or (name == "ConsoleLogin" and (r.get("additionalEventData") or {{}}).get("MFAUsed") != "Yes")
                or (who.get("type") == "Root" and not name.startswith(("Get", "List", "Describe", "Head")))
                or (r.get("eventSource") == "cloudtrail.amazonaws.com" and name in calls)
            )
print(found)
"""


@dataclass(frozen=True)
class Compared:
    """What another way takes, as a multiple of a backtest's CPU time; `ratio` None: it is not on this machine."""

    name: str
    version: str
    ratio: float | None


def compare(files: int = FILES) -> list[Compared]:
    """Run all ways in turns on so many files; return each with the best of its rounds.

    Raises:
        RuntimeError: two ways count differently.
    """
    with tempfile.TemporaryDirectory() as folder:
        contents = [log_file(RECORDS_PER_FILE, seed=seed) for seed in range(10)]
        for number in range(files):
            (Path(folder) / f"{number:03}.json.gz").write_bytes(contents[number % len(contents)])
        ways = {"backtest": lambda: _ours(folder), **_others(folder)}
        best = dict.fromkeys(ways, float("inf"))
        counts = {}
        for _ in range(_ROUNDS):
            for name, way in ways.items():
                before = _cpu()
                counts[name] = way()
                best[name] = min(best[name], _cpu() - before)
    if len(set(counts.values())) > 1:
        raise RuntimeError(f"the ways count differently: {counts}")
    versions = {"duckdb": _duckdb_version(), "jq": _jq_version(), "python": platform.python_version()}
    return [
        Compared(name, version or "-", best[name] / best["backtest"] if name in best else None)
        for name, version in versions.items()
    ]


def _others(folder: str) -> dict[str, Callable[[], int]]:
    calls = list(_CALLS)
    found: dict[str, Callable[[], int]] = {"python": lambda: _count(_PYTHON.format(calls=calls), folder)}
    if _duckdb_version():
        found["duckdb"] = lambda: _count(_DUCKDB.format(calls=calls), folder)
    if _jq_version():
        names = "[" + ",".join(f'"{name}"' for name in _CALLS) + "]"
        found["jq"] = lambda: _lines(["sh", "-c", 'gzip -dc "$0"/*.json.gz | jq "$1"', folder, _JQ % names])
    return found


def _ours(folder: str) -> int:
    command = [sys.executable, "-m", "cloudtrail_to_slack_cli", "backtest", folder, "--format", "jsonl", "--quiet"]
    return _lines([*command, "--processes", "1"])


def _count(code: str, folder: str) -> int:
    return int(_output([sys.executable, "-c", code, folder]))


def _lines(command: list[str]) -> int:
    return _output(command).count("\n")


def _output(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 (our own commands)


def _cpu() -> float:
    """Return the seconds of CPU of all processes that were run and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _duckdb_version() -> str | None:
    try:
        import duckdb  # noqa: PLC0415 (it may not be there)
    except ImportError:
        return None
    return str(duckdb.__version__)


def _jq_version() -> str | None:
    return _output(["jq", "--version"]).strip().removeprefix("jq-") if shutil.which("jq") else None
