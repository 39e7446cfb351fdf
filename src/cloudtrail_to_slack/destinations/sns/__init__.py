"""SNS topics."""
