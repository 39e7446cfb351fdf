"""Slack messages as Slack shows them: as HTML, and as text for a terminal. The demo shows its messages with it, too."""
