"""Lint for rules: conditions that can never match, and conditions that match too much. Pure."""
