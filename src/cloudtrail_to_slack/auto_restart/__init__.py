"""Logging on again: a Lambda function of its own that starts a trail which somebody stopped, and says so in Slack.

It ships with the function that tells alerts and shares with it what talks to Slack and reads secrets, but knows no rule
and reads no log object. Its handler is `cloudtrail_to_slack.auto_restart.handler.lambda_handler`.
"""
