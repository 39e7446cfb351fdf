"""The demo from the command line: `python -m cloudtrail_to_slack_dev.demo [--page PATH]`."""

import argparse
import io
import sys
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack_dev.demo.arrivals import collect, find_faults
from cloudtrail_to_slack_dev.demo.errors import DemoError
from cloudtrail_to_slack_dev.demo.interruption import Interruption, raise_when_interrupted
from cloudtrail_to_slack_dev.demo.page import prepare, write_page
from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.demo.report import Reporter
from cloudtrail_to_slack_dev.demo.samples import Upload, read_uploads
from cloudtrail_to_slack_dev.demo.scene import BUCKET, Scene, set_scene
from cloudtrail_to_slack_dev.moto_server import MotoServerError


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m cloudtrail_to_slack_dev.demo",
        description="Show an intrusion being told: sample log objects go through a local S3, SQS, the real handler, "
        "and arrive in a local Slack and in SNS topics. Nothing leaves this machine.",
    )
    parser.add_argument(
        "--page", type=Path, default=Path("build/demo.html"), metavar="PATH", help="the HTML page (%(default)s)"
    )
    page: Path = parser.parse_args().page
    raise_when_interrupted()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an emoji must not end the demo where it cannot be shown
    try:
        run(page, Reporter())
    except Interruption as interruption:
        print("demo: interrupted, everything is cleaned up", file=sys.stderr)
        return interruption.exit_code
    except (DemoError, MotoServerError, BotoCoreError, ClientError, OSError) as error:
        print(f"demo: error: {_last_line(error)}", file=sys.stderr)
        return 1
    return 0


def run(page: Path, reporter: Reporter) -> None:
    """Set the scene, play the story, show what came of it.

    Raises:
        DemoError: something did not arrive or does not add up, or the page cannot be written.
    """
    began = time.monotonic()
    reporter.opening()
    prepare(page)
    uploads = read_uploads()
    reporter.say("starting a local AWS (moto) and a local Slack, and setting them up as a deployment does")
    with set_scene() as scene:
        replay = Replay()
        _play(scene, uploads, replay, reporter)
        arrivals = collect(scene)
        reporter.result(scene, replay, arrivals)
        write_page(page, scene, arrivals)
    reporter.page(page)
    announced = 1 + len(uploads) + sum(upload.told_removed for upload in uploads)  # the first is s3:TestEvent
    uploaded = sum(upload.records for upload in uploads)
    faults = find_faults(scene, replay, arrivals, announced=announced, uploaded=uploaded)
    if faults:
        raise DemoError(f"this does not add up: {'; '.join(faults)}")
    reporter.good(f"It adds up, and every matched alert arrived. {time.monotonic() - began:.1f} s")


def _play(scene: Scene, uploads: list[Upload], replay: Replay, reporter: Reporter) -> None:
    reporter.say(f"uploading {len(uploads)} objects to s3://{BUCKET}, which tells the queue of each")
    for upload in uploads:
        scene.s3.put_object(Bucket=BUCKET, Key=upload.key, Body=upload.body)
    replay.drain(scene, reporter.say)
    for upload in uploads:
        if upload.told_removed:
            reporter.say("removing one log object, as somebody might who covers tracks")
            scene.s3.delete_object(Bucket=BUCKET, Key=upload.key)
    replay.drain(scene, reporter.say)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
