"""Backup, restore, and erasure of one person's data."""
