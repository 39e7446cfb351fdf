"""What alerts and notices say: Slack messages and SNS bodies. Pure."""

from cloudtrail_to_slack.messages.slack_message import SlackMessage

__all__ = ["SlackMessage"]
