"""Evaluating the rules on logs that are already there: what would have alerted."""
