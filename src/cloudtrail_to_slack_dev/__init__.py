"""Development tools: a local fake of Slack and the demo. Never shipped in the Lambda."""
