"""The command `cloudtrail-to-slack`, and `python -m cloudtrail_to_slack_cli`."""

import sys

from cloudtrail_to_slack_cli.errors import EXIT_USAGE
from cloudtrail_to_slack_cli.interruption import end_on_interruption


def main() -> None:
    """Run the command line, and end the process."""
    end_on_interruption()
    try:
        from cloudtrail_to_slack_cli.main import main as run  # noqa: PLC0415 (Ctrl-C may come while it is imported)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"Error: {error.name} is not installed: install the extra `cli` (pipx install '.[cli]')\n")
        sys.exit(EXIT_USAGE)
    run()


if __name__ == "__main__":
    main()
