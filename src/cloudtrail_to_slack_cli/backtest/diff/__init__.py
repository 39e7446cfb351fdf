"""What a change of the configuration does to alerts and messages."""
