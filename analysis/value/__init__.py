"""Money value of the effects."""
