"""Events: a record as rules see it, with its caller, call and resources. Pure."""
