"""Loads the plugin; nothing else."""

pytest_plugins = ["holdfast.pytest_plugin.plugin"]
