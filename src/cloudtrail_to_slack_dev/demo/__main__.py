"""The demo from the command line: `python -m cloudtrail_to_slack_dev.demo [--page PATH] [--at TIME]`."""

import argparse
import io
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack_dev.demo.arrivals import Inbox, find_faults
from cloudtrail_to_slack_dev.demo.clock import StoryClock
from cloudtrail_to_slack_dev.demo.errors import DemoError
from cloudtrail_to_slack_dev.demo.interruption import Interruption, raise_when_interrupted
from cloudtrail_to_slack_dev.demo.local_setup import BUCKET, LocalSetup, set_up
from cloudtrail_to_slack_dev.demo.page import prepare, write_page
from cloudtrail_to_slack_dev.demo.replay import Replay, handler_at
from cloudtrail_to_slack_dev.demo.report import Reporter
from cloudtrail_to_slack_dev.demo.samples import LogFile, read_log_files
from cloudtrail_to_slack_dev.demo.story import STORY, Chapter
from cloudtrail_to_slack_dev.moto_server import MotoServerError

_PAUSE = timedelta(seconds=20)  # in the story, before what no log file brings


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m cloudtrail_to_slack_dev.demo",
        description="Replay an intrusion: sample log files go through a local S3, SQS and the real handler to a local "
        "Slack and to local SNS topics. Nothing leaves this machine.",
    )
    parser.add_argument(
        "--page", type=Path, default=Path("build/demo.html"), metavar="PATH", help="the HTML page (%(default)s)"
    )
    parser.add_argument(
        "--at", type=_moment, metavar="TIME", help="when the story ends, such as 2026-03-14T10:00:00+00:00 (now)"
    )
    options = parser.parse_args()
    raise_when_interrupted()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an emoji must not end the demo where it cannot be shown
    try:
        run(options.page, options.at or datetime.now(UTC), Reporter())
    except Interruption as interruption:
        print("demo: interrupted, everything is cleaned up", file=sys.stderr)
        return interruption.exit_code
    except (DemoError, MotoServerError, BotoCoreError, ClientError, OSError) as error:
        print(f"demo: error: {_last_line(error)}", file=sys.stderr)
        return 1
    return 0


def run(page: Path, end: datetime, reporter: Reporter) -> None:
    """Set everything up, replay the story so that it ends at `end`, and show what came of it.

    Raises:
        DemoError: something did not arrive or does not add up, or the page cannot be written.
    """
    began = time.monotonic()
    reporter.opening()
    prepare(page)
    log_files = read_log_files(end)
    clock = StoryClock(min(file.delivered for file in log_files.values()))
    reporter.say("starting a local AWS (moto) and a fake Slack, and deploying the function's resources to them")
    with set_up(clock.now) as local, handler_at(clock):
        replay, inbox = Replay(), Inbox(local)
        replay.drain(local)  # the bucket's s3:TestEvent
        for chapter in STORY:
            counts = _play(chapter, local, log_files, replay, clock)
            reporter.chapter(inbox.collect(chapter, counts))
        reporter.result(replay, inbox)
        write_page(page, inbox)
        sent = 1 + sum(len(each.uploads) + bool(each.damaged) + bool(each.removed) for each in STORY)
        uploaded = sum(log_files[name].records for each in STORY for name in each.uploads)
        faults = find_faults(local, replay, inbox, announced=sent, uploaded=uploaded)
    reporter.page(page)
    if faults:
        raise DemoError(f"this does not add up: {'; '.join(faults)}")
    seconds = time.monotonic() - began
    reporter.good(f"Every alert arrived exactly once, and nothing is left running ({seconds:.0f} s).")


def _play(
    chapter: Chapter, local: LocalSetup, log_files: dict[str, LogFile], replay: Replay, clock: StoryClock
) -> Counter[str]:
    """Let a chapter happen, one log file after the other; return what the handler counted."""
    counts: Counter[str] = Counter()
    files = [log_files[name] for name in chapter.uploads]
    if chapter.damaged:
        files.append(log_files[chapter.damaged].damaged())
    for file in files:
        clock.set(file.delivered)
        local.s3.put_object(Bucket=BUCKET, Key=file.key, Body=file.body)
        counts += replay.drain(local)
    if chapter.removed:
        clock.sleep(_PAUSE.total_seconds())
        local.s3.delete_object(Bucket=BUCKET, Key=log_files[chapter.removed].key)
        counts += replay.drain(local)
    if chapter.redelivers:
        clock.sleep(_PAUSE.total_seconds())
        counts += replay.drain_again(local)
    return counts


def _moment(text: str) -> datetime:
    """Return the moment that an argument says, in UTC where it names no other zone."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
