"""From an invocation's payload to log files and their records."""
