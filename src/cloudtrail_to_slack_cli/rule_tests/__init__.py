"""Running the tests in rule files."""
