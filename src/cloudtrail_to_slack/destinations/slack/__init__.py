"""Slack: a bot, or incoming webhooks."""
