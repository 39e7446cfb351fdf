"""Tells which events of CloudTrail EventBridge should bring at once: those that the rules in force can match.

Runs where Terraform does, on Python 3.9 and nothing else.
"""
