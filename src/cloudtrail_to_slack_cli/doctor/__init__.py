"""What is wrong with a deployed function, and how to fix it."""
