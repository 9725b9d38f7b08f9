"""From a slice to a panel in which every untrained week is a fair comparison."""
