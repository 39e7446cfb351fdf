"""The programs that Terraform runs: building packages for Lambda, and deriving event patterns.

Needs Python 3.9 and pip, nothing else.
"""
