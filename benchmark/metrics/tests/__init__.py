"""Unit tests of `benchmark.metrics`."""
