"""Importing Sigma rules: what Sigma says about an event, as a rule of ours."""

ID_PREFIX = "sigma/"  # of the ids of imported rules
