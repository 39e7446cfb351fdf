"""Expressions of rules: what they may hold, what they may cost, and how they are compiled. Pure."""
