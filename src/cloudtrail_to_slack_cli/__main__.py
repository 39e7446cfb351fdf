"""The command `cloudtrail-to-slack`, and `python -m cloudtrail_to_slack_cli`."""

from cloudtrail_to_slack_cli.interruption import end_on_interruption


def main() -> None:
    """Run the command line, and end the process."""
    end_on_interruption()
    from cloudtrail_to_slack_cli.main import main as run  # noqa: PLC0415 (Ctrl-C may come while it is imported)

    run()


if __name__ == "__main__":
    main()
