"""Notices about the function itself, each sent at most once per interval."""
