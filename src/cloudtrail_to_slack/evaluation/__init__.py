"""Evaluate log files and single events within the invocation's time."""
