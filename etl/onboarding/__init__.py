"""``empathy init``: a folder of exports to a starting empathy.toml."""
