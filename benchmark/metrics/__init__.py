"""Deterministic metrics: pure functions, one file a family, each with its source in the docstring."""
