"""Registers the plugin, nothing else."""

pytest_plugins = ["benchmark.plugin"]
