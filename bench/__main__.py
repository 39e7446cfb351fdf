"""Run the benchmarks: `python -m bench`. Prints a table, then one JSON object a line.

Everything is measured in one run on one core, the best of several rounds; the compared ways take turns, so that a
machine that slows down slows both.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench import backtest, cold_start, handler, load, memory, others, small_objects, ways, workbench
from bench.records import log_file
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.rules import Rule, RuleSet
from cloudtrail_to_slack.rules.packs import default_rules, pack_rules

RECORDS = 20_000
_ROUNDS = 9


@dataclass(frozen=True)
class Measure:
    """One figure; `target` None: only reported. `better` is "higher" or "lower". `version`: of what is compared."""

    measure: str
    value: float
    target: float | None
    better: str
    about: str
    version: str | None = None

    @property
    def reached(self) -> bool:
        """Whether the target is reached."""
        if self.target is None:
            return True
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


def best(*ways_of_doing: Callable[[], object], rounds: int = _ROUNDS) -> list[float]:
    """Return the shortest time in seconds of each way, taking turns."""
    times = [float("inf")] * len(ways_of_doing)
    for _ in range(rounds):
        for number, way in enumerate(ways_of_doing):
            start = time.perf_counter()
            way()
            times[number] = min(times[number], time.perf_counter() - start)
    return times


def path_measures(content: bytes) -> list[Measure]:
    """Compare the path from the object to evaluations with the plain way, the floor and reading in memory."""
    rules = default_rules("cloudtrail-to-slack")
    prefilter = Prefilter(RuleSet(rules, []))
    floor = ways.floor(content, prefilter.fields)
    ours, least = best(lambda: ways.path(content, prefilter), floor)
    streamed, whole = best(lambda: ways.streamed(content, prefilter), lambda: ways.in_memory(content, prefilter))
    (plain,) = best(lambda: ways.plain(content, rules), rounds=2)
    thousand = [
        Rule(f'event.get("eventName") == "Rare{number}" and event.get("awsRegion") != "eu-west-{number}"')
        for number in range(1000)
    ]
    many = Prefilter(RuleSet(thousand, []))
    few = Prefilter(RuleSet(rules, []))
    with_many, with_few = best(lambda: ways.path(content, many), lambda: ways.path(content, few))
    recommended = Prefilter(RuleSet(pack_rules("recommended", "cloudtrail-to-slack"), []))
    with_pack, with_defaults = best(lambda: ways.path(content, recommended), lambda: ways.path(content, prefilter))
    return [
        Measure("path_vs_plain", plain / ours, 20, "higher", "gunzip to evaluations, against the straightforward way"),
        Measure("path_vs_floor", least / ours, 0.7, "higher", "the same, against gunzip and decoding the same fields"),
        Measure("path_records_per_second", RECORDS / ours, None, "higher", "records a second on this machine"),
        Measure("streamed_vs_memory", whole / streamed, 0.8, "higher", "reading in chunks, against in memory"),
        Measure(
            "rules_1000_vs_9", with_many / with_few, 1.5, "lower", "time with 1,000 rules, against the default ones"
        ),
        Measure(
            "recommended_vs_default",
            with_defaults / with_pack,
            0.8,
            "higher",
            "speed with recommended, against defaults",
        ),
        scanning(),
    ]


def scanning() -> Measure:
    """Time rules that no index helps, each of which looks at every value of an event."""
    rules = [Rule(f'any(str(value) == "needle-{number}" for value in event.values())') for number in range(1000)]
    prefilter = Prefilter(RuleSet(rules, []))
    content = log_file(20, matching=0)
    (seconds,) = best(lambda: ways.path(content, prefilter), rounds=3)
    about = "microseconds a rule and event, for 1,000 rules that look at every value"
    return Measure("rules_scanning", seconds / 20 / 1000 * 1e6, None, "lower", about)


def small() -> list[Measure]:
    """Let ten small log files come, by themselves and as one batch."""
    found = small_objects.measure()
    batch = "ten files of 5 records in a batch, as a multiple of the time of one; S3 answers after 20 ms"
    cpu = "milliseconds of CPU for each of them"
    return [
        Measure("small_objects_batch", found.batch, 1.8, "lower", batch),
        Measure("cpu_ms_per_small_object", found.cpu_milliseconds, None, "lower", cpu),
    ]


def flood() -> list[Measure]:
    """Let 10,000 matching events come over 20 channels."""
    found = load.run()
    where = f"{load.ALERTS:,} alerts over {load.CHANNELS} channels, at Slack's pace"
    return [
        Measure("load_seconds", found.seconds, None, "lower", f"until all is delivered: {where}"),
        Measure("load_messages", found.messages, None, "lower", f"Slack messages: {where}"),
        Measure("load_invocations", found.invocations, None, "lower", f"invocations of 300 s: {where}"),
        Measure("load_lost", found.lost, 0, "lower", f"alerts that were not delivered: {where}"),
        Measure("load_repeated", found.repeated, 0, "lower", f"alerts delivered twice: {where}"),
    ]


def command_line(content: bytes) -> list[Measure]:
    """Time the command line on 1,000 rules, and on a log file."""
    rules = f"a rule file of {workbench.RULES:,} rules"
    ratio = workbench.backtest_ratio(content)
    return [
        Measure("check_1000_rules", workbench.check_seconds(), 2, "lower", f"seconds to check {rules}"),
        Measure("test_2000_cases", workbench.test_seconds(), 5, "lower", f"seconds to run 2,000 tests in {rules}"),
        Measure("backtest_vs_path", ratio, 0.8, "higher", "a backtest's speed, against the function's path alone"),
    ]


def backtests() -> list[Measure]:
    """Measure backtests of many files, on all cores."""
    rate, ratio, ran = backtest.objects_from_s3()
    where = f"{backtest.OBJECTS:,} files of five records from an S3 that answers after {backtest.SECONDS * 1000:.0f} ms"
    wall, cpu, two = backtest.two_processes()
    return [
        Measure("backtest_objects_per_second", rate, None, "higher", where),
        Measure(
            "backtest_objects_vs_one_by_one", ratio, 20, "higher", "the same, as a multiple of one after the other"
        ),
        Measure("backtest_cpu_ms_per_object", ran.cpu / backtest.OBJECTS * 1000, None, "lower", "CPU for each of them"),
        Measure("backtest_start_cpu_seconds", backtest.start_seconds(), None, "lower", "CPU until one record is done"),
        Measure("backtest_two_processes", wall, None, "higher", "speed with two processes, as a multiple of one's"),
        Measure("backtest_two_processes_cpu", cpu, 1.8, "higher", "the same by CPU time, as on cores of their own"),
        Measure("backtest_peak_memory_mb", max(ran.megabytes, two.megabytes), 300, "lower", "the largest process"),
    ]


def other_ways(console: Console) -> list[Measure]:
    """Compare a backtest with what people use today, on many records and on fewer."""
    found = []
    for files in (others.FILES, others.FEWER_FILES):
        records = files * others.RECORDS_PER_FILE
        for other in others.compare(files):
            if other.ratio is None:
                console.print(f"skipped: {other.name} is not on this machine", style="dim")
                continue
            name = f"backtest_vs_{other.name}_{records}"
            about = f"CPU time of {other.name} {other.version}, as a multiple of a backtest's, for {records:,} records"
            found.append(Measure(name, other.ratio, None, "higher", about, other.version))
    return found


def main() -> int:
    """Run everything; 1 when a target is missed."""
    console = Console(stderr=not sys.stdout.isatty())
    console.print(f"{RECORDS:,} records of about 1.6 KB, 0.5 % matching; one core; some two minutes", style="dim")
    content = log_file(RECORDS)
    quiet = log_file(RECORDS, matching=0)
    measures = path_measures(content)
    measures.append(Measure("handler_vs_path", handler.ratio(quiet), 0.7, "higher", "the warm handler, S3 included"))
    measures += small()
    measures.append(Measure("peak_memory_mb", memory.peak_megabytes(), 200, "lower", "a process on 600 MB of JSON"))
    measures.append(
        Measure("cold_start_vs_boto3", cold_start.ratio(), 1.35, "lower", "start with 100 rules, against boto3 alone")
    )
    measures += command_line(content)
    measures += backtests()
    measures += other_ways(console)
    measures += flood()
    table = Table("measure", "value", "to reach", "what")
    for measure in measures:
        wanted = "" if measure.target is None else f"{'≥' if measure.better == 'higher' else '≤'} {measure.target:g}"
        style = None if measure.reached else "bold red"
        table.add_row(measure.measure, f"{measure.value:,.3g}" if measure.value < 1000 else f"{measure.value:,.0f}",
                      wanted, measure.about, style=style)  # fmt: skip
    console.print(table)
    for measure in measures:
        row = {"measure": measure.measure, "value": round(measure.value, 4), "target": measure.target}
        print(
            json.dumps({**row, "better": measure.better, **({"version": measure.version} if measure.version else {})})
        )
    return 0 if all(measure.reached for measure in measures) else 1


def _on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    _on_one_core()
    sys.exit(main())
