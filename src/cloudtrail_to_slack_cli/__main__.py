"""`python -m cloudtrail_to_slack_cli`."""

from cloudtrail_to_slack_cli.main import main

if __name__ == "__main__":
    main()
