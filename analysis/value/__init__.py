"""What the effects are worth in money."""
