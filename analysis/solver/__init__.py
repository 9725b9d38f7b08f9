"""Linear algebra of two-way fixed effects."""
