"""A command whose output goes to S3, for where a job has no terminal: EMR Serverless and the like.

python -m cloudtrail_to_slack_cli.spark_job --output s3://bucket/key backtest s3://… --engine spark
"""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import TextIOWrapper
from typing import BinaryIO, NoReturn, cast

import boto3

from cloudtrail_to_slack_cli.backtest.log_file import read_address
from cloudtrail_to_slack_cli.errors import EXIT_USAGE, CommandError
from cloudtrail_to_slack_cli.main import run

_USAGE = "usage: python -m cloudtrail_to_slack_cli.spark_job --output s3://bucket/key COMMAND…"


def run_to_s3(arguments: Sequence[str]) -> int:
    """Run a command, and write what it prints to the object that `--output` names; return its exit code."""
    if len(arguments) < 3 or arguments[0] != "--output":  # noqa: PLR2004 (the option, its value, a command)
        sys.stderr.write(f"{_USAGE}\n")
        return EXIT_USAGE
    try:
        address = read_address(arguments[1])
    except CommandError as error:
        sys.stderr.write(f"Error: {error}\n")
        return error.exit_code
    with tempfile.TemporaryFile() as file:
        text = TextIOWrapper(cast("BinaryIO", file), "utf-8", write_through=True)
        with redirect_stdout(text):
            code = run(arguments[2:])
        text.detach()  # what uploads the file closes it
        file.seek(0)
        boto3.client("s3").upload_fileobj(file, address.bucket, address.key)
    return code


def main() -> NoReturn:
    """Run it, and end the process."""
    sys.exit(run_to_s3(sys.argv[1:]))


if __name__ == "__main__":
    main()
