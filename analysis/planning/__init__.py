"""What could be told, and when."""
