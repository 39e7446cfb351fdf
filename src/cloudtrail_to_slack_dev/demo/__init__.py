"""The demo: an intrusion, reported by the real handler to a Slack and to topics on this machine."""
