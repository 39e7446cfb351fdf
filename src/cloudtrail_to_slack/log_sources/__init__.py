"""Missing log data: log sources that no longer deliver log files."""
