"""Builds what Lambda runs: the layer of dependencies, and whole packages. Needs Python 3.9 and pip, nothing else."""
