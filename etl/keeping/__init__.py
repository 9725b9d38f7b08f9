"""What is kept beyond exports: backed up, restored, and erased for one person."""
