"""Versions of the warehouse: written aside and published whole, read, exported."""
