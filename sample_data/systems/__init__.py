"""One module per system whose exports the sample world imitates, in that system's own format and with its own ids."""
