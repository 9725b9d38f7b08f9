"""Versions of the warehouse: written, published atomically, read and exported."""
