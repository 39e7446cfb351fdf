"""Backtests on Apache Spark give the report of one machine, byte for byte. They run in `make spark` alone."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer
from support.command_line import Ran, cloudtrail_to_slack

pyspark = pytest.importorskip("pyspark", reason="PySpark is in an environment of its own: make spark")
pytestmark = pytest.mark.filterwarnings("default")  # PySpark's own

from cloudtrail_to_slack_cli.backtest import plan, spark  # noqa: E402 (after the check for PySpark)
from cloudtrail_to_slack_cli.errors import EXIT_FINDINGS  # noqa: E402 (as above)

FORMATS = ("text", "json", "jsonl", "csv")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log files with alerts, ignored events, damage, and an archive."""
    folder = tmp_path_factory.mktemp("logs")
    names = ("DeleteTrail", "StopLogging", "ListTrails", "ConsoleLogin")
    for number in range(60):
        records = [
            {
                **make_event(names[(number + each) % 4], source="cloudtrail", userIdentity__userName=f"user-{each}"),
                "eventID": f"{number}-{each}", "eventTime": f"2026-10-{1 + number % 9:02}T0{each}:00:00Z",
            }
            for each in range(5)
        ]  # fmt: skip
        content = gzip.compress(json.dumps({"Records": records}).encode())
        (folder / f"{number:02}.json.gz").write_bytes(content[:-9] if number % 20 == 7 else content)
    (folder / "x.jsonl").write_text(json.dumps(make_event("DeleteTrail", source="cloudtrail")) + "\nnonsense\n")
    return folder


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make many groups of few files."""
    monkeypatch.setattr(plan, "_FILES_AT_MOST", 4)


@pytest.fixture
def session(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Spark session of the master that the test names."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 (where it is installed)

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_HOME", str(Path(pyspark.__file__).parent))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    built = (
        SparkSession.builder.master(request.param)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
        .config("spark.sql.warehouse.dir", "build/spark-warehouse")
        .getOrCreate()
    )
    yield built
    built.stop()


def both(logs: Path, output: str) -> tuple[Ran, Ran]:
    """Return what one machine and Spark print."""
    local = cloudtrail_to_slack("backtest", logs, "--format", output)
    return local, cloudtrail_to_slack("backtest", logs, "--format", output, "--engine", "spark")


@pytest.mark.parametrize("session", ["local[2]"], indirect=True)
def test_the_report_is_that_of_one_machine(logs: Path, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every format is the same, byte for byte, with few partitions and with many, and the session stays open."""
    for output in FORMATS:
        local, distributed = both(logs, output)
        assert local.code == 0
        assert local.out
        assert distributed == local
    for partitions in (1, 2, 7, 50):
        monkeypatch.setattr(spark, "_PARTITIONS_PER_CORE", partitions)
        local, distributed = both(logs, "json")
        assert distributed == local
    assert session.range(3).count() == 3


@pytest.fixture
def configurations(tmp_path: Path) -> tuple[Path, Path]:
    """Two configurations that differ in rules, an ignore rule, a threshold and routes by severity."""
    slack = {"default_channel_id": "C0123456789"}
    severe = {"accounts": ["*"], "slack_channel_id": "C0SEVERE001", "min_severity": "high"}
    logins = {"id": "logins", "expression": "event.get('eventName') == 'ConsoleLogin'"}
    change: dict[str, object] = {
        "slack": {**slack, "routes": [severe]},
        "rules": [{**logins, "threshold": {"count": 3, "minutes": 60}}],
        "ignore_rules": ["event.get('userIdentity.userName') == 'user-2'"],
    }
    paths = tmp_path / "old.json", tmp_path / "new.json"
    for path, config in zip(paths, ({"slack": slack, "rules": [logins]}, change), strict=True):
        path.write_text(json.dumps(config))
    return paths


@pytest.mark.parametrize("session", ["local[2]"], indirect=True)
def test_a_diff_is_that_of_one_machine(
    logs: Path, session: Any, configurations: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`diff` evaluates both configurations on Spark: the comparison and the exit code are the same, byte for byte."""
    compared = ("diff", *configurations, logs, "--max-messages-per-day", "2", "--format")
    for output, partitions in (("text", 1), ("json", 4), ("markdown", 50)):
        monkeypatch.setattr(spark, "_PARTITIONS_PER_CORE", partitions)
        local = cloudtrail_to_slack(*compared, output)
        assert cloudtrail_to_slack(*compared, output, "--engine", "spark") == local
        assert local.code == EXIT_FINDINGS
        assert "damaged" in local.err
    found = json.loads(cloudtrail_to_slack(*compared, "json", "--engine", "spark").out)
    assert all(found[name] for name in ("gone_alerts", "moved_alerts", "over_limit"))  # it was worth a test
    assert session.range(3).count() == 3


def killing(marker: str, settings: bytes, numbered: Iterable[spark.Group]) -> Iterator[spark.Numbered]:
    """Evaluate groups; the first one kills the executor, the JVM that started this process and its daemon."""
    for number, files in numbered:
        if number == 5:
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                daemon = os.getppid()
                jvm = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
                os.kill(jvm, signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
        yield from _EVALUATE(settings, [(number, files)])


_EVALUATE: Callable[..., Iterator[spark.Numbered]] = spark.evaluate_groups


@pytest.mark.parametrize("session", ["local-cluster[2,1,1024]"], indirect=True)
def test_a_killed_executor_changes_nothing(
    logs: Path, session: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With two executors, one of which is killed in the middle, the report is the same."""
    from functools import partial  # noqa: PLC0415 (here alone)

    del session
    local = cloudtrail_to_slack("backtest", logs, "--format", "json")
    marker = tmp_path / "killed"
    monkeypatch.setattr(spark, "evaluate_groups", partial(killing, str(marker)))
    distributed = cloudtrail_to_slack("backtest", logs, "--format", "json", "--engine", "spark")
    assert marker.exists()
    assert distributed == local


def submit(program: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the command line by spark-submit, on two local workers."""
    command = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    given = {
        **os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(command.parents[1]),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **environment,
    }  # fmt: skip
    return subprocess.run(  # noqa: S603 (our own program)
        [command, "--master", "local[2]", "--conf", "spark.ui.enabled=false", Path(spark.__file__).parents[1] / program,
         *map(str, arguments)],
        env=given, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_spark_submit_runs_it(logs: Path) -> None:
    """By spark-submit the command prints what it prints on one machine, after what spark-submit adds."""
    ran = submit("__main__.py", "backtest", logs, "--format", "json", "--engine", "spark")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith(cloudtrail_to_slack("backtest", logs, "--format", "json").out)


@pytest.fixture
def s3(logs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a local S3 with the log files, and a bucket for results."""
    with MotoServer() as server:
        for name, value in {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": server.url}.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3")
        for bucket in ("trail", "results"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        for path in sorted(logs.glob("*.json.gz")):
            client.put_object(Bucket="trail", Key=f"AWSLogs/{path.name}", Body=path.read_bytes())
        yield client


def test_the_job_of_emr_serverless_writes_its_report_to_s3(s3: Any) -> None:
    """Submitted as EMR Serverless submits it, the job reads S3 and writes the report of one machine to S3."""
    arguments = ("backtest", "s3://trail/AWSLogs/", "--format", "json")
    output = ("--output", "s3://results/results/backtest.json")
    ran = submit("spark_job.py", *output, *arguments, "--engine", "spark")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = s3.get_object(Bucket="results", Key="results/backtest.json")["Body"].read().decode()
    assert report == cloudtrail_to_slack(*arguments).out
    assert json.loads(report)["matched"] > 0


def test_a_job_that_fails_says_so(s3: Any) -> None:
    """If there is nothing to read the job fails with the command's exit code, and says why in its log."""
    output = ("--output", "s3://results/results/nothing.json")
    ran = submit("spark_job.py", *output, "backtest", "s3://trail/nothing/", "--engine", "spark")
    assert ran.returncode != 0
    assert "contains no" in ran.stdout + ran.stderr
    assert submit("spark_job.py", "--output", "nowhere", "backtest", "x").returncode != 0
    del s3
