"""Alerts and notices, in no destination's format. Pure."""
