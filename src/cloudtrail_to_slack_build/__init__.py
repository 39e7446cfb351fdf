"""What runs where Terraform does: building what Lambda runs, deriving event patterns.

Needs Python 3.9 and pip, nothing else.
"""
