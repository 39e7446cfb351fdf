"""Checking rule files and configurations: every finding has a stable code."""
