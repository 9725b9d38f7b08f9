"""A simulated contact centre whose true effects are known."""
