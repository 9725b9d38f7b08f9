"""Load export files into a published warehouse, accounting for every row."""
