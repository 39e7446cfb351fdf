"""Configuration: config.json, environment variables and secrets, checked together."""
