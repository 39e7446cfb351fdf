"""Checks of a deployed function: what is wrong, and how to fix it."""
