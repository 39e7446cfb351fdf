"""Destinations: one package each, which renders messages, sends them and classifies errors."""
