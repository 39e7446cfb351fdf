# It only checks.
