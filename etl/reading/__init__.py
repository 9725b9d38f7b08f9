"""Open a file of an export: plan it, cut it into records, make them a relation."""
