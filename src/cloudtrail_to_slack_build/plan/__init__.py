"""What Terraform asks about rules when it plans: whether they can be used, and which events EventBridge should deliver.

Runs where Terraform does, on Python 3.9 and nothing else.
"""
