"""Development tools: a local stand-in for Slack and the demo. Never shipped in the Lambda."""
