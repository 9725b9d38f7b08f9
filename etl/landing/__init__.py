"""Files to landing folders: typed rows, rejects with their reasons, and a ledger that adds up."""
