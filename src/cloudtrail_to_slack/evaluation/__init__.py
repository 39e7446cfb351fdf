"""Evaluating log files and single events, within the time there is."""
