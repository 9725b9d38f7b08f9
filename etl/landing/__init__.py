"""Read files into landing folders: typed rows, rejects with their reasons, and a reconciled ledger."""
