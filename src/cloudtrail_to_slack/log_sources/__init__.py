"""Missing log data: log sources that deliver no log files any more."""
