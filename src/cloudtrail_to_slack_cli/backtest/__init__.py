"""Evaluate rules on past logs, and predict what would have been sent."""
