"""Expressions of rules: what they may contain, what they may cost, and how they are compiled. Pure."""
