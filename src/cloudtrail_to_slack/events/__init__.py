"""Events: a record as rules see it, and what it says of its caller, call and resources. Pure."""
