"""Automatic restart of trail logging: a Lambda function of its own that restarts a stopped trail and says so in Slack.

It ships with the alerting function and shares with it what talks to Slack and reads secrets, but knows no rule
and reads no log file. Its handler is `cloudtrail_to_slack.auto_restart.handler.lambda_handler`.
"""
