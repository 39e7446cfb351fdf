"""Compare the alerts and messages of two configurations."""
