"""The index: which rules can match a record at all. Pure."""
