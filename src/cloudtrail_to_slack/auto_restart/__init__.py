"""Automatic restart of trail logging: a Lambda function of its own, which knows no rule and reads no log file."""
