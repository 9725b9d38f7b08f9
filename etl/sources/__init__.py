"""One module per system whose exports are read."""
