"""Holdfast proves that an Android firmware's updates do not cost users their data."""
