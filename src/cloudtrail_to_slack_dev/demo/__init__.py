"""The demo: an intrusion, told by the real handler to a Slack and to topics that stand on this machine."""
