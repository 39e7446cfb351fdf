"""Benchmarks: ratios measured in one run, against a straightforward implementation and against the floor."""
