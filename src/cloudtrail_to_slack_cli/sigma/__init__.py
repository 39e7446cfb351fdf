"""Importing Sigma rules: what Sigma says about an event, as a rule of ours."""
