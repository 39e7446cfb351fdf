"""Notices on the function itself, sent at most once an interval."""
