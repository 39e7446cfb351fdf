"""What Slack messages say. Pure."""
