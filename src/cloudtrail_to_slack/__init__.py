"""CloudTrail log files in, Slack and SNS alerts out.

The Lambda's handler is `cloudtrail_to_slack.handler.lambda_handler`. Importing anything here needs no environment
variable and makes no client.
"""
