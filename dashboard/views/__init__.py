"""View models: pure functions from rows to what a page says, with no browser and no data access."""
