"""Build the panel of a slice, keeping only untrained weeks that are a valid comparison."""
