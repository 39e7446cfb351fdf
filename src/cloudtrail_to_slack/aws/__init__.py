"""AWS: clients, ARNs and console links."""
