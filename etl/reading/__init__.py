"""A file of an export, opened: planned, cut into records, ready to be queried."""
