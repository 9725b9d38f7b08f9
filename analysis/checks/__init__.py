"""Diagnostics of a design or an estimate, one per module."""
