"""The pages: rows to view models to figures to screens."""
